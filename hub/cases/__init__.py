"""Applications: what may be asked, how long it may take, which verified records answer it, and what happened to it."""
