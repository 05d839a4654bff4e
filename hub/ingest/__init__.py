"""From a source to its topic: feeds, their cursors, throttle, deletions, and the control of operators."""
