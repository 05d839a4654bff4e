"""What the utility reports about joint transfers, listed at a REST service. Declared."""
