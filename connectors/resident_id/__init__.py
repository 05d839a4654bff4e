"""Resident IDs: one card for a ticket of the identity service; no feed."""
