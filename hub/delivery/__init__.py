"""One piece to one sink, once: claims, bodies, and what is done with the answer."""
