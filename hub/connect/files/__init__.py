"""Signed batches of files in a folder."""
