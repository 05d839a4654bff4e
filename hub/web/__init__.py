"""The HTTP API: applications, their state, figures, and the schema registry. It listens on loopback by default.
Each request needs a bearer token with a scope, except those for schemas, ``/health`` and ``/ready``."""
