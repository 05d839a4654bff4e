"""The licence feed in signed pages.

A page's items are made once and cached, and signed each time they are served. The next page is made while the caller
works on this one.
"""

import base64
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sandbox.faults import Faults
from sandbox.gateway.tree import PageSigner, leaf_hash, root_and_paths
from sandbox.world.world import World

LIMIT_MAX = 500
_CACHED_MAX = 40
PAGE_FAULTS = {
    "bad_signature": "the signature of a page is not valid",
    "stale": "a page was signed four months ago, as one that a cache returns",
    "duplicates": "one item in twenty is in a page twice, and the page begins with the last item of the page before",
    "next_key": "pages are signed by the gateway's next key",
    "extra_field": "records have a new column ext_hylb",
    "renamed_field": "the column opscope is called jyfw",
}

_DRIFT = {"extra_field": ('{"zzbs":', '{"ext_hylb":"C26","zzbs":'), "renamed_field": ('"opscope":', '"jyfw":')}
Leaf = tuple[str, str]
"""The text that is served, and the text that its leaf is made from."""
_OF_THE_HEAD = ("bad_signature", "stale", "next_key")
_STALE = timedelta(days=120)


class Content(NamedTuple):
    """A page without its signature: the root over its items, their number, and its JSON object."""

    root: str
    size: int
    body: bytes


def cursor_of(position: int) -> str:
    """The opaque cursor before ``position``."""
    return base64.urlsafe_b64encode(f"p{position}".encode()).decode().rstrip("=")


def position_of(cursor: str) -> int | None:
    """The position of a cursor; ``None`` when this feed did not make it."""
    if not cursor:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except ValueError:
        return None
    return int(text[1:]) if text[:1] == "p" and text[1:].isdigit() and len(text) < 20 else None


class Pages:
    """Builds, signs and caches pages. Thread-safe."""

    def __init__(self, world: World, signer: PageSigner, faults: Faults) -> None:
        self._world = world
        self._signer = signer
        self._next = PageSigner(world.spec.seed, following=True)
        self._faults = faults
        self._cache: OrderedDict[tuple[int, int, int], Content] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, position: int, limit: int, total: int) -> bytes:
        """The feed page from ``position``, as JSON."""
        end = min(position + limit, total)
        struck = [name for name in PAGE_FAULTS if self._faults.strikes(name)]
        spoiled = [name for name in struck if name not in _OF_THE_HEAD]
        if spoiled:
            content = self._spoiled(position, max(end, position), total, spoiled)
        else:
            content = self._clean(position, max(end, position), total)
        return self._signed(content, struck)

    def ahead(self, position: int, limit: int, total: int) -> None:
        """Make the page after the one from ``position``, unless it is cached."""
        begin = position + limit
        if begin < total:
            self._clean(begin, min(begin + limit, total), total)

    def answer_to(self, enterprise: int | None, total: int) -> bytes:
        """The answer to a query, as JSON: a page with the enterprise's newest licence, or an empty page."""
        place = None if enterprise is None else self._world.licences.latest(enterprise, total)
        leaves = [] if place is None else self._found(place)
        struck = [name for name in PAGE_FAULTS if leaves and name != "duplicates" and self._faults.strikes(name)]
        return self._signed(_content(_drifted(leaves, struck), {}), struck)

    def _found(self, place: int) -> list[Leaf]:
        row = self._world.licences.row(place)
        # A gateway finds a record by the code in its index, so a record with a wrong code is not found.
        spoiled = row.defect is not None and row.defect.code.startswith("USCC")
        return [] if spoiled else [(row.text, row.hashed)]

    def _clean(self, begin: int, end: int, total: int) -> Content:
        name = (begin, end, end < total)
        with self._lock:
            if name in self._cache:
                self._cache.move_to_end(name)
                return self._cache[name]
        page = _content(self._leaves(begin, end), _onward(end, total))
        with self._lock:
            self._cache[name] = page
            if len(self._cache) > _CACHED_MAX:
                self._cache.popitem(last=False)
        return page

    def _spoiled(self, begin: int, end: int, total: int, struck: Sequence[str]) -> Content:
        leaves = self._leaves(begin, end)
        if "duplicates" in struck:
            twice = [leaf for i, leaf in enumerate(leaves) for leaf in [leaf] * (2 if i % 20 == 3 else 1)]
            leaves = [*self._leaves(max(begin - 1, 0), begin), *twice]
        return _content(_drifted(leaves, struck), _onward(end, total))

    def _leaves(self, begin: int, end: int) -> list[Leaf]:
        rows = (self._world.licences.row(position) for position in range(begin, end))
        return [(row.text, row.hashed) for row in rows]

    def _signed(self, content: Content, struck: Sequence[str]) -> bytes:
        """The page as JSON, signed now."""
        signed = datetime.now(UTC) - (_STALE if "stale" in struck else timedelta())
        signed_at = signed.isoformat(timespec="milliseconds")
        size = content.size + ("bad_signature" in struck)
        signer = self._next if "next_key" in struck else self._signer
        head = {
            "size": content.size,
            "root": content.root,
            "signedAt": signed_at,
            "keyId": signer.key_id,
            "signature": signer.sign(content.root, size, signed_at),
        }
        return _dump(head)[:-1] + b"," + content.body[1:]


def _content(leaves: Sequence[Leaf], onward: dict[str, Any]) -> Content:
    root, paths = root_and_paths([leaf_hash(hashed) for _, hashed in leaves])
    items = [
        {"record": text, "index": index, "path": [node.hex() for node in path]}
        for index, ((text, _), path) in enumerate(zip(leaves, paths, strict=True))
    ]
    return Content(root.hex(), len(items), _dump({"items": items} | onward))


def _onward(end: int, total: int) -> dict[str, Any]:
    return {"next": cursor_of(end), "more": end < total}


def _drifted(leaves: Sequence[Leaf], struck: Sequence[str]) -> Sequence[Leaf]:
    """The leaves with changed columns. Text and leaf change alike, so that valid proofs stay valid."""
    changes = [_DRIFT[name] for name in struck if name in _DRIFT]
    for old, new in changes:
        leaves = [(text.replace(old, new, 1), hashed.replace(old, new, 1)) for text, hashed in leaves]
    return leaves


def _dump(page: dict[str, Any]) -> bytes:
    return json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
