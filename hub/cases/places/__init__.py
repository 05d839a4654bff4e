"""Places: what an address says, part by part, and whether two of them are one door (ADR 0053).

Pure: texts in, findings out. Nothing here reads a store, a topic or the time.
"""
