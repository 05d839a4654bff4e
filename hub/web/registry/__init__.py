"""The schema registry API."""
