"""What operators look at: the story of one case, and what is in trouble now."""
