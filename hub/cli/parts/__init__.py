"""What the verbs work with: stores, hubs that run, sources."""
