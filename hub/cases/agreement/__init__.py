"""Whether the certificates of a case name the same people and enterprises: findings with reasons, no refusals."""
