"""HTTP message signatures (RFC 9421) of those who send to the hub, with the digest of the content (RFC 9530)."""
