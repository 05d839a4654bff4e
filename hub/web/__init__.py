"""The HTTP API: applications in, their state out, and the schema registry. Loopback by default; a bearer token with
scopes for everything but the schemas and ``/health``."""
