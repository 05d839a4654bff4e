"""Evidence for cases: what is needed, what matches, what is asked of a source, what is decided."""
