"""What the utility reports about joint transfers, from a table of its own. Declared."""
