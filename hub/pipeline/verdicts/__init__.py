"""Verdicts that are written back to the sources that want them."""
