"""Delivers each piece to its sink exactly once: claims, bodies, outcomes."""
