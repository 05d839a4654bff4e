"""Bytes on topics: the catalogue of schema ids, compatibility, the wire format, Merkle trees."""
