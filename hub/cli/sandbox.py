"""``hub sandbox``: the outside world on this machine.

The command lives in its room, which knows nothing of the rest of the hub.
"""

from hub.sandbox.command import command

__all__ = ["command"]
