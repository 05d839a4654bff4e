"""What the certificates of a connection application say of each other: read when evidence is found, told as events."""
