"""Dummies count as installed only in the processes that these tests start; pytest does not import them itself."""

collect_ignore_glob = ["*/dummy_*/*"]
