"""A district without an interface: it puts signed batches of files into a folder."""
