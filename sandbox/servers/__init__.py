"""Starts real servers for tests and for trying the hub: ``make kafka``."""
