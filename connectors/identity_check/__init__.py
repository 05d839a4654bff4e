"""Identity checks: the result of a face check, for a ticket of the identity service."""
