"""Who asked: what every event says of the one that caused it (P4)."""

from typing import NamedTuple


class By(NamedTuple):
    """Who asked for something. ``principal`` is ``token:<id>``, ``cli:<user of the operating system>`` or
    ``hub:<stage>``; ``client`` the system that the token belongs to ("" where there is no token); ``channel`` the
    channel that it came by ("" where it came by none). All three are names that the operator gave, never a caller's
    text (P5)."""

    principal: str
    client: str = ""
    channel: str = ""


HUB = By("hub")
"""What the hub does by itself."""
