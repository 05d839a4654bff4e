"""Property titles from a district's signed batches of files."""
