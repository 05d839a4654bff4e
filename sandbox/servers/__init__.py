"""Real servers for tests and for a person to try things on: ``make kafka``."""
