"""Exchange tables (前置库): the source, its rows with their lines, and the database that they are read from."""
