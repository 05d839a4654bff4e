"""The e-licence gateway: signed calls, signed pages, its own Merkle tree."""
