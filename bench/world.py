"""What is measured on: business licences of the sandbox, as the gateway serves them, made and thrown away page by
page."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from hub.clock import SystemClock
from hub.connect.context import Context
from hub.connect.host.registry import find
from hub.connect.rest.answers import read
from hub.connect.rest.declared import RestSource
from hub.connect.trust import trusted_keys_of
from hub.ports import SourceRow
from sandbox.gateway.auth import caller_of
from sandbox.gateway.pages import Pages
from sandbox.gateway.server import faults_of
from sandbox.gateway.tree import PageSigner
from sandbox.world.world import World, WorldSpec

SEED = 8
PAGE_ROWS = 500
NAME, KIND = "business_licence", "licence.business"


class Feed:
    """``size`` licences in pages of 500, 2 % of them bad, signed; and a connector that reads such pages."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._world, self._signer = World(WorldSpec(SEED, size, 0.02, 0.005)), PageSigner(SEED)
        self._pages = Pages(self._world, self._signer, faults_of(SEED))
        context = self._context()
        assert context.info.rest
        self._source = RestSource(context.info.rest, self.options(), context)

    def options(self) -> dict[str, str]:
        caller = caller_of(SEED)
        keys = {"key_id": self._signer.key_id, "public_key": self._signer.public_key, "public_keys": ""}
        return {
            "url": "http://127.0.0.1:9",
            "rid": caller.rid,
            "sid": caller.sid,
            "secret": caller.secret,
            "ca_file": "",
            **keys,
        }

    def trusted(self) -> dict[str, bytes]:
        return trusted_keys_of(self.options())

    def pages(self) -> Iterator[bytes]:
        """The gateway's answers."""
        for position in range(0, self._size, PAGE_ROWS):
            yield self._pages.page(position, PAGE_ROWS, self._size)

    def read(self, page: bytes) -> list[SourceRow]:
        """What the connector makes of one answer: parsed, its signature checked, mapped."""
        return self._source._rows.of(read(page, "utf-8"), "items")

    def verdicts(self) -> Counter[str]:
        """What a hub must say of these rows: code, or ``""`` for verified → how many."""
        return Counter(line["code"] or "" for line in self._world.licence_truth(0, self._size))

    def _context(self) -> Context:
        info = find(NAME).info
        return Context(info, info.limits, SystemClock(), find(NAME).folder)


def now() -> str:
    """Time of the run, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
