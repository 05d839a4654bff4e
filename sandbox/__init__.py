"""Simulates the outside systems: licence gateway, exchange table, connection system, with faults on demand.

The data depend on the seed only, at any size. The sandbox does not import the hub's rules, so the two check each other.
"""
