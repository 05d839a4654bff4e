"""Erases records that no application used, after the term of their source's grant."""
