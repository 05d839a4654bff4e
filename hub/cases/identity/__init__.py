"""Who stands behind an application: tickets of the identity service."""
