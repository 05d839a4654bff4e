"""Steps that the utility reports: what was said, what counts of it, and what is kept as a claim."""
