"""Evidence whose record changes, or ends, at its source after a case was met by it: before the end of the case it is
taken back and looked for again, after it the sinks are told."""
