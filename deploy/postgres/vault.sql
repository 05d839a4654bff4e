-- The vault is a database of its own: it is backed up apart from the tables.
CREATE DATABASE vault;
