"""A feed moves on: a source that repeats itself is found out, and one that is read again is not."""

import pytest

from hub.connect.host.steps import CURSORS_MAX, Steps
from hub.errors import Unavailable
from hub.ports import Page, SourceRow

ROW = SourceRow("k", 1, b"raw", {})


def page(after: str, rows: int = 1, more: bool = False) -> Page:
    return Page([ROW] * rows, {"after": after}, more)


@pytest.mark.parametrize("stuck", [page("a"), page("a", 0, True), page("a", 1, True)])
def test_p2_more_at_the_same_cursor_is_refused(stuck: Page) -> None:
    steps = Steps("sample")
    steps.check(None, page("a"))
    for _ in range(3):
        with pytest.raises(Unavailable, match="stuck"):
            steps.check({"after": "a"}, stuck)
    steps.check({"after": "a"}, page("a", 0))
    steps.check({"after": "a"}, page("b"))


@pytest.mark.parametrize("length", [2, 5, CURSORS_MAX - 1])
def test_p2_a_cursor_that_goes_back_is_refused(length: int) -> None:
    steps, cursor = Steps("sample"), None
    for place in range(100, 100 + length):
        steps.check(cursor, page(str(place)))
        cursor = {"after": str(place)}
    with pytest.raises(Unavailable, match="earlier cursor"):
        steps.check(cursor, page("100", 0, True))


def test_p1_a_feed_that_begins_again_at_its_durable_cursor_may_pass_its_places_again() -> None:
    steps = Steps("sample")
    for _ in range(3):
        steps.check(None, page("a"))
        steps.check({"after": "a"}, page("b"))
        steps.check({"after": "b"}, page("c"))
    steps.check({"after": "b"}, page("c"))
    steps.check({"after": "long ago"}, page("a"))
    steps.check({"after": "a"}, page("b"))
