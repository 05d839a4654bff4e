"""Warnings before the last day of a limit and escalations after it, each once. The recipients are data."""
