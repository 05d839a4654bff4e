"""Cases: what is decided about each, how long it may take, which records answer it, and what happened to it."""
