"""The materials of an application: listed, fetched, handed in, missing, and asked for beyond the list (P6)."""
