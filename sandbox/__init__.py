"""Stand-ins for the outside world: licence gateway, exchange table, connection system, with faults on demand.

Deterministic by seed and any size; knows nothing of the hub's own rules, so that the two check each other.
"""
