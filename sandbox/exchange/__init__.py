"""The property exchange database (前置库), and its changes over time."""
