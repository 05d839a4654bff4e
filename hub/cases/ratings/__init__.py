"""Ratings of the service (好差评, GB/T 39734-2020): once for each application, by its own token, and what follows a bad
one."""
