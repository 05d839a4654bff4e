"""The same verdicts by other means: each module is one process that consumes, opens, judges and produces until it is
ended. All take their work from ``work.py``, so that what differs between them is the engine.
"""
