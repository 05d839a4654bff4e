"""Steps that the utility reports: what was said, what counts of it, and what stays a claim."""
