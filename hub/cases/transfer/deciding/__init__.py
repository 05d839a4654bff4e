"""Parts of what is decided about a joint transfer: its days, what its timer takes, and its pieces."""
