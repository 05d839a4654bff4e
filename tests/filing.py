"""A source that gives the files of licences, and the stage that fetches them, for tests on a ``House``."""

import io
import zipfile
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from hub.delivery.files.fetch import Fetch
from hub.delivery.files.given import Files
from hub.delivery.tables import licence_file
from hub.ports import Fetched, FileQuery
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from tests.casework import PARTITIONS, House

SOURCE = "business_licence"
TERM_DAYS = 30
CANARY = b"\xe6\xb4\xa5\xe9\x97\xa8 canary of a file"
"""In every file, uncompressed: it must be nowhere at rest."""


def ofd(*names: str, inside: bytes = CANARY, method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive with these entries, of one content: the same bytes at each call."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name in names or ("OFD.xml", "Doc_0/Document.xml"):
            archive.writestr(zipfile.ZipInfo(name), inside, method)
    return written.getvalue()


FILE = ofd()


class Giving:
    """A source behind its guard, as the stage sees it. ``answer``: what it does with a call."""

    def __init__(self, answer: Callable[[], Fetched | None] = lambda: Fetched(FILE, sha256(FILE).digest())) -> None:
        self.answer = answer
        self.asked: list[FileQuery] = []
        info, limits = SimpleNamespace(name=SOURCE), SimpleNamespace(total_timeout_s=30.0)
        self.context = SimpleNamespace(info=info, limits=limits, grant=SimpleNamespace(erase_after_days=TERM_DAYS))

    def file(self, query: FileQuery) -> Fetched | None:
        self.asked.append(query)
        return self.answer()

    def close(self) -> None: ...


def parts(house: House) -> Any:
    """What the stage and the API are given."""
    given = {name: getattr(house, name) for name in ("store", "clock", "log", "opener")}
    references = partial(References, MasterKey(bytes(32)))
    return SimpleNamespace(
        **given, journal=lambda: house.journal, references=references, instance="hub-1", partitions=PARTITIONS
    )


def fetch(house: House, source: Giving) -> int:
    """Fetch what is due."""
    stage = Fetch(parts(house), source)  # type: ignore[arg-type]
    return sum(iter(stage.step, 0))


def files(house: House) -> Files:
    """The files, for systems."""
    return Files(parts(house))


def row(house: House) -> Any:
    """The only row of a file."""
    (found,) = house.rows(licence_file)
    return found
