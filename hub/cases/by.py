"""Who asked: what every event says of the one that caused it (P4)."""

from typing import NamedTuple


class By(NamedTuple):
    """Who asked for something.

    ``principal`` is ``token:<id>``, ``cli:<user of the operating system>`` or ``hub``. ``client`` is the system
    that the token belongs to, ``channel`` the channel that was used; both are "" where there is none. All three are
    names that the operator gave, never a caller's text (P5).
    """

    principal: str
    client: str = ""
    channel: str = ""


HUB = By("hub")
"""For what the hub does by itself."""
