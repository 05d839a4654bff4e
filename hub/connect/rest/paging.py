"""How a declared feed moves from page to page, and from window to window. Pure: all state is in the cursor, so that a
fetch can be repeated and a restart loses nothing.

A feed by time asks for windows, one after the other, up to now. A row that appears late is behind the last window. So
every ``sweep_s`` seconds a window *sweeps*: it begins ``lag_s`` before the end of the last sweep; the hub drops the
rows that it has seen. A row that changes while the pages of a window are read moves to a later window, and the rows
after it move to an earlier page, where they would be missed: when the total of a window changes, it is read again, half
as long.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, NamedTuple

from hub.clock import CHINA
from hub.connect.places import at
from hub.connect.rest.spec import FeedSpec, WindowSpec
from hub.connect.rest.times import written
from hub.errors import Misconfigured, Unavailable

SHORTEST_MS = 2_000
"""A window that is not longer is read to its end, also when its total changes."""
CURSOR_CHARACTERS_MAX = 2_048
State = Mapping[str, Any]
"""A cursor: the place in the list (``after`` or ``offset``); and of a window ``since``, ``until``, ``total``, the time
``now`` when it was begun, whether it ``sweeps``; and up to where all was read (``covered``) and swept (``swept``). All
times are in ms since 1970."""


class Turned(NamedTuple):
    """The cursor after a page, whether there is more now, and whether the page's rows are to be used."""

    cursor: dict[str, Any]
    more: bool
    used: bool = True


class Paging:
    """The pages of one feed."""

    def __init__(self, spec: FeedSpec) -> None:
        self._spec = spec
        self._numbered = spec.paging in ("page", "offset")

    def ask(self, cursor: State | None, now_ms: int) -> State | None:
        """The state of the next call; ``None`` when there is nothing to ask for yet."""
        state = dict(cursor or {})
        if not self._spec.window or "since" in state:
            return state
        return _begun(state, self._spec.window, now_ms)

    def parameters(self, state: State, rows: int) -> dict[str, str | int]:
        """The parameters that say which page of ``rows`` rows is wanted."""
        spec = self._spec
        sent: dict[str, str | int] = {spec.at: self._at(state, rows)} if spec.at else {}
        sent |= {spec.size: rows} if spec.size else {}
        return sent | (_limits(state, spec.window) if spec.window else {})

    def _at(self, state: State, rows: int) -> str | int:
        if self._spec.paging == "cursor":
            return str(state.get("after", ""))
        offset = int(state.get("offset", 0))
        return self._spec.first + offset // rows if self._spec.paging == "page" else offset

    def skipped(self, state: State, rows: int) -> int:
        """Rows at the beginning of the page that were taken before: the last page of a list that grows is asked for
        again, and so is a page that begins before the place because pages became smaller."""
        return int(state.get("offset", 0)) % rows if self._spec.paging == "page" else 0

    def turn(self, state: State, value: Any, taken: int, rows: int) -> Turned:
        """After the page ``value`` (``None``: there is nothing), which was asked for as ``rows`` rows and has ``taken``
        new ones."""
        windows = self._spec.window
        if value is None:
            return _ended(state, windows, taken=False) if windows else Turned(dict(state), False)
        if windows and self._numbered:
            total = self.total(value)
            if state.get("total", total) != total and state["until"] - state["since"] > SHORTEST_MS:
                until = (state["since"] + state["until"]) // 2
                return Turned({name: state[name] for name in _WINDOW} | {"until": until}, True, used=False)
            state = {**state, "total": total}
        place, more = (
            self._numbers(state, value, taken, rows) if self._numbered else self._by_cursor(state, value, taken)
        )
        if not windows:
            return Turned(place, more)
        if more:
            return Turned({**state, **place, "found": True}, True)
        return _ended(state, windows, bool(taken))

    def _numbers(self, state: State, value: Any, taken: int, rows: int) -> tuple[dict[str, Any], bool]:
        """(The place after the page, whether there is more)."""
        offset = state.get("offset", 0) + taken
        more = at(value, self._spec.more) is True if self._spec.more else offset < self.total(value)
        here = self.skipped(state, rows) + taken
        if more and self._spec.paging == "page" and here < rows:
            raise Misconfigured(
                f"the service gives {here} rows in a page where {rows} are asked for, and says that it has more",
                f"set page_rows of the connector to {here}, or to what the manual allows",
            )
        return {"offset": offset}, more

    def total(self, value: Any) -> int:
        """The total of a page. Raises ``Unavailable`` when it does not say."""
        total = at(value, self._spec.total)
        if isinstance(total, str) and total.isascii() and total.isdigit():
            total = int(total[:18])
        if type(total) is not int or total < 0:
            raise Unavailable("the page does not say how many rows there are")
        return total

    def _by_cursor(self, state: State, value: Any, taken: int) -> tuple[dict[str, Any], bool]:
        if self._spec.paging == "none":
            return {}, False
        following, more = at(value, self._spec.next), bool(taken)
        if self._spec.more:
            more = at(value, self._spec.more) is True
        if type(following) is int:
            following = str(following)
        if following is None and self._spec.window and not more:
            following = ""
        if not isinstance(following, str) or len(following) > CURSOR_CHARACTERS_MAX:
            raise Unavailable("the page has no cursor")
        if not following and (more or taken) and not (self._spec.window and not more):
            raise Misconfigured(
                "the service gives an empty cursor after its rows, which leads to the beginning again",
                "its operator must give the cursor after the last row on every page",
            )
        return {"after": following or str(state.get("after", ""))}, more


_WINDOW = ("covered", "swept", "since", "until", "now", "sweeps")


def extent_state(since_ms: int, until_ms: int) -> dict[str, Any]:
    """The state that reads what changed in a time, as a window of its own."""
    window = {"since": since_ms, "until": until_ms, "now": until_ms, "sweeps": True}
    return {"covered": since_ms, "swept": since_ms, **window}


def first_ms(spec: WindowSpec) -> int:
    """When the first window begins."""
    return round(datetime.combine(spec.begin, time(), CHINA).timestamp() * 1000)


def _limits(state: State, spec: WindowSpec) -> dict[str, str | int]:
    # A form without milliseconds is rounded up: the rows of the last second come twice, and not never.
    ends = {spec.until: written(state["until"] + 999, spec.form)} if spec.until else {}
    return {spec.since: written(state["since"], spec.form), **ends}


def _begun(state: State, spec: WindowSpec, now_ms: int) -> State | None:
    """The next window; ``None`` when the last one ends now."""
    begin = first_ms(spec)
    lag, covered = round(spec.lag_s * 1000), int(state.get("covered", begin))
    if covered > now_ms:
        covered = now_ms - lag  # a clock that was wrong said so
    swept = min(int(state.get("swept", begin)), covered)
    until = min(covered + round(spec.span_s * 1000), now_ms)
    due = now_ms - swept >= spec.sweep_s * 1000 if until == now_ms else swept < covered
    since = max(begin, swept - lag) if due else covered
    if until <= since:
        return None
    return {"covered": covered, "swept": swept, "since": since, "until": until, "now": now_ms, "sweeps": due}


def _ended(state: State, spec: WindowSpec, taken: bool) -> Turned:
    """The cursor after a window."""
    until, head = state["until"], state["until"] >= state["now"]
    if head and not state["sweeps"] and not taken and "found" not in state:
        # Nothing is new: a cursor that moves with every question would be stored with every question.
        return Turned({"covered": state["covered"], "swept": state["swept"]}, False)
    old = state["swept"] == state["since"] and until <= state["now"] - spec.lag_s * 1000
    swept = until if state["sweeps"] or old else state["swept"]
    return Turned({"covered": max(until, state["covered"]), "swept": swept}, not head)
