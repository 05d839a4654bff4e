"""The HTTP API: applications in, their state out. Loopback by default, a bearer token with scopes for everything."""
