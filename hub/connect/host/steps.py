"""The steps of a feed: each page must lead to a new place, otherwise the same rows would come without end."""

import json

from hub.errors import Unavailable
from hub.ports import Cursor, Page

CURSORS_MAX = 64
"""Places that are remembered: a source that goes back among them is found out."""


class Steps:
    """The last places of one feed, in memory. Belongs to one thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._trail: list[str] = []

    def check(self, cursor: Cursor | None, page: Page) -> None:
        """Note the step from ``cursor`` to the page's cursor. Raises ``Unavailable`` when there is more and the cursor
        is the same, or when it is one from which the feed came: the page is not to be taken."""
        here, following = _text(cursor), _text(page.cursor)
        if here == following:
            if page.rows or page.more:
                raise Unavailable(f"{self._name}: the source is stuck: it has more, and its cursor stays the same")
            return
        # A feed that begins again at an earlier place may pass the places after it again.
        known = self._trail[: self._trail.index(here) + 1] if here in self._trail else [here]
        if following in known:
            raise Unavailable(f"{self._name}: the source went back to an earlier cursor, and would repeat its rows")
        self._trail = [*known, following][-CURSORS_MAX:]


def _text(cursor: Cursor | None) -> str:
    return json.dumps(cursor, sort_keys=True, default=str)
