"""What is asked of the cases: of one by itself, of how its segments began, of many together. Pure."""
