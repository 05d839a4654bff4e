"""The hub's own stage, as ``hub run --stages verify --no-web`` runs it."""

import sys

import bench.peers.work  # noqa: F401 - notes the first record
from hub.cli import main

sys.argv = ["hub", "run", "--stages", "verify", "--no-web"]
main()
