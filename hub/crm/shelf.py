"""The hub's side of a pull, as the kit plays it: ``GET /deliveries``, acknowledge and refuse over HTTP, with moods in
which it does not take what it hears."""

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from hub.crm.calls import REGISTRATION
from hub.crm.reading import own_number
from hub.crm.script import Piece
from hub.errors import Misconfigured
from hub.ports import OPEN_CODE, Clock

RETRY_AFTER_S = 2
"""The wait that the kit asks for, seconds."""
WORD_BYTES_MAX = 65_536
"""Bytes of what the program says of one piece."""
PAGE_ITEMS_MAX = 100
_CALL_S = 30.0
_VERBS = ("acknowledge", "refuse")


class Mood(Enum):
    """How the hub answers a call, in Chinese and English."""

    BUSY = ("503", "503")
    TOO_MANY = ("429", "429")
    BROKEN = ("中途断开的页", "a page that broke off")
    HANG_UP = ("断开", "a broken connection")
    CONFLICT = ("409", "409")
    UNKNOWN = ("404", "404")


class Page(NamedTuple):
    """A call for a page: its ``after``, and when it came (monotonic, seconds)."""

    after: str
    at_s: float


class Answered(NamedTuple):
    """What the program said of a piece: whether it was taken, under which number or code. ``why``: in what it is not as
    it must be, "" for nothing."""

    key: str
    taken: bool
    number: str
    why: str

    @property
    def well_formed(self) -> bool:
        """Whether the hub could read it."""
        return not self.why


class Shelf:
    """Pieces that wait, and what was heard of them. ``moods``: those of the next answers to acknowledge or refuse;
    ``page_moods``: those of the next pages. ``strangers`` counts calls without the right token. Thread-safe."""

    def __init__(self, token: str, clock: Clock) -> None:
        self.pages: list[Page] = []
        self.heard: list[Answered] = []
        self.given: list[str] = []
        self.moods: list[Mood] = []
        self.page_moods: list[Mood] = []
        self.strangers = 0
        self._token = token
        self._clock = clock
        self._shown: list[tuple[str, Piece]] = []
        self._ended: dict[str, Answered] = {}
        self._forgotten: set[str] = set()
        self._changed = threading.Condition()

    # ---- the kit's side ----

    def show(self, *pieces: Piece) -> None:
        """Let pieces wait."""
        with self._changed:
            self._shown += [(secrets.token_urlsafe(36), one) for one in pieces]

    def wait(self, until: Callable[[], object], seconds: float) -> bool:
        """Wait until that is true, for as long at most. Returns whether it is."""
        with self._changed:
            return bool(self._changed.wait_for(until, seconds))

    def answer(self, piece: Piece) -> Answered | None:
        """What the hub took as the program's answer."""
        return self._ended.get(piece.key)

    def registered(self) -> list[tuple[str, str]]:
        """The hub's number and the system's, of each application that the program took."""
        taken = [(one, self._ended.get(one.key)) for _, one in self._shown if one.what == REGISTRATION]
        return [(one.number, said.number) for one, said in taken if said and said.taken and said.well_formed]

    def forget(self) -> None:
        """Know no more of the places that were given."""
        with self._changed:
            self._forgotten.update(self.given)

    # ---- the program's side ----

    def page(self, query: dict[str, list[str]]) -> tuple[int, Any, Mood | None]:
        """(Status, body, mood) of the answer to ``GET /deliveries``."""
        after = query.get("after", [""])[0]
        with self._changed:
            self.pages.append(Page(after, self._clock.monotonic_s()))
            self._changed.notify_all()
            if self.page_moods:
                return self._in_mood(self.page_moods.pop(0), after, query)
            if after in self._forgotten or (after and after not in self.given):
                return 422, {"code": "FIELD_INVALID", "field": "after"}, None
            return 200, self._page(after, query), None

    def _in_mood(self, mood: Mood, after: str, query: dict[str, list[str]]) -> tuple[int, Any, Mood | None]:
        if mood is Mood.BROKEN:
            return 200, self._page(after, query), mood
        return (503 if mood is Mood.BUSY else 429), {"code": "UNAVAILABLE"}, mood

    def _page(self, after: str, query: dict[str, list[str]]) -> dict[str, Any]:
        given = query.get("limit", ["50"])[0]
        limit = min(int(given), PAGE_ITEMS_MAX) if given.isascii() and given.isdigit() else 50
        places = [place for place, _ in self._shown]
        behind = self._shown[places.index(after) + 1 :] if after in places else self._shown
        waiting = [one for one in behind if one[1].key not in self._ended]
        waiting = waiting or [one for one in self._shown if one[1].key not in self._ended]
        found = waiting[:limit]
        last = found[-1][0] if found else None
        self.given += [last] if last else []
        return {"items": [_item(*one) for one in found], "next": last, "more": len(waiting) > len(found)}

    def said(self, delivery_id: str, verb: str, word: Any) -> tuple[int, Any, Mood | None]:
        """(Status, body, mood) of the answer to what the program says of a piece."""
        with self._changed:
            piece = next((one for place, one in self._shown if place == delivery_id), None)
            if piece is None:
                return 404, {"code": "NO_SUCH_DELIVERY"}, None
            answered = _read(piece.key, verb, word)
            self.heard.append(answered)
            mood = self.moods.pop(0) if self.moods else None
            if mood not in (Mood.HANG_UP, Mood.BUSY):
                self._ended.setdefault(piece.key, answered)
            self._changed.notify_all()
        if mood in (Mood.CONFLICT, Mood.UNKNOWN):
            return (409 if mood is Mood.CONFLICT else 404), {"code": "DELIVERY_ENDED"}, mood
        if mood is Mood.BUSY:
            return 503, {"code": "UNAVAILABLE"}, mood
        if not answered.well_formed:
            return 422, {"code": "FIELD_INVALID"}, None
        return 200, {"delivery_id": delivery_id, "state": "acknowledged" if answered.taken else "refused"}, mood

    def knows(self, given: str) -> bool:
        """Whether this is the header of a call with the right token; it counts those without."""
        known = hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode())
        with self._changed:
            self.strangers += not known
        return known

    @contextmanager
    def serving(self, address: str) -> Iterator[str]:
        """Serve at ``http://HOST:PORT`` (port 0: a free one); gives the address. Raises ``Misconfigured`` for one that
        is none, or in use."""
        parts = urlsplit(address)
        try:
            if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
                raise ValueError
            server = ThreadingHTTPServer((parts.hostname, parts.port or 0), _handler(self))
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no http://HOST:PORT"
            raise Misconfigured(f"the kit cannot listen at this address ({why})", "use http://HOST:PORT") from None
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{parts.hostname}:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()


def _item(place: str, piece: Piece) -> dict[str, Any]:
    shown = {"key": piece.key, "number": piece.number, "kind": piece.kind, "body": piece.body}
    return {"delivery_id": place, **shown}


def _read(key: str, verb: str, word: Any) -> Answered:
    """What is said of a piece, as the hub reads it."""
    name = "number" if verb == "acknowledge" else "code"
    given = word.get(name) if isinstance(word, dict) else None
    said = own_number(given) if isinstance(given, str) else ""
    right = bool(said) and (name == "number" or OPEN_CODE.fullmatch(said) is not None)
    return Answered(key, name == "number", said, "" if right else f"{verb}: {name}")


def _handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _CALL_S

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if self._may(parts.path == "/deliveries"):
                self._tell(*shelf.page(parse_qs(parts.query)))

        def do_POST(self) -> None:
            length = self.headers.get("content-length") or "0"
            content = self.rfile.read(int(length) if length.isdigit() and int(length) <= WORD_BYTES_MAX else 0)
            parts = self.path.split("/")
            if self._may(len(parts) == 4 and parts[1] == "deliveries" and parts[3] in _VERBS):
                try:
                    word = json.loads(content)
                except (ValueError, RecursionError):
                    word = None
                self._tell(*shelf.said(parts[2], parts[3], word))

        def _may(self, there: bool) -> bool:
            if not shelf.knows(self.headers.get("authorization") or ""):
                self._tell(401, {"code": "UNAUTHORISED"}, None)
                return False
            if not there:
                self._tell(404, {"code": "NO_SUCH_PAGE"}, None)
            return there

        def _tell(self, status: int, body: Any, mood: Mood | None) -> None:
            if mood is Mood.HANG_UP:
                self.close_connection = True
                return
            content = json.dumps(body, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            if mood in (Mood.BUSY, Mood.TOO_MANY):
                self.send_header("retry-after", str(RETRY_AFTER_S))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if mood is Mood.BROKEN else content)
            self.close_connection = self.close_connection or mood is Mood.BROKEN

        def log_message(self, *_: Any) -> None:
            """The kit's own report tells what was seen."""

    return Handler
