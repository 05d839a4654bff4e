"""The endpoints: applications, health, metrics."""
