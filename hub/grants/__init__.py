"""Grants: which government system allowed which fields, for what, in which way, until when."""
