"""Where projections, cases and the outbox live: SQLAlchemy Core tables for SQLite and PostgreSQL, and migrations."""
