"""The readers of hostile input, by name: files, sources, and here messages on topics, callers and settings."""

import io
import json
import random
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import fastavro
from fastavro.utils import generate_one

from hub.cases import policy
from hub.cases.connection.command import parse
from hub.cases.imports import notice
from hub.codec import wire
from hub.codec.catalogue import fingerprint
from hub.codec.compatibility import breaks
from hub.codec.json_object import read_json
from hub.errors import HubError, RecordRejected
from hub.pipeline.verify import Adjudicator
from hub.ports import SourceRow
from hub.privacy.opening import Opener
from hub.privacy.purposes import shipped
from hub.privacy.sealing import Sealer
from hub.records.kinds import KINDS
from hub.topics.subjects import subjects
from tests import samples
from tests.casework import body
from tests.fuzz.batches import Batches
from tests.fuzz.files import Files
from tests.fuzz.mutation import as_bytes
from tests.fuzz.sources import Page, TableMapping
from tests.fuzz.target import ROOT, Target, mutated_json


class _Vault:
    """Ids and keys in memory."""

    def __init__(self) -> None:
        self._ids: dict[Any, bytes] = {}
        self._keys: dict[bytes, bytes] = {}

    def identify(self, identities: Any) -> list[bytes]:
        return [self._ids.setdefault(one, len(self._ids).to_bytes(16, "big")) for one in identities]

    def keys(self, ids: Any) -> list[bytes]:
        return [self._keys.setdefault(one, one * 2) for one in ids]

    def open_keys(self, ids: Any) -> list[bytes | None]:
        return [self._keys.get(one) for one in ids]


class Wire(Target):
    """Messages on topics, as verify reads them."""

    def __init__(self) -> None:
        vault: Any = _Vault()
        sealer = Sealer(vault, b"r" * 32)
        self._adjudicator = Adjudicator(Opener(vault), {"s": {"k": bytes(32)}})
        records = {"licence.property-title": samples.title()}
        self.seeds = [
            sealer.seal_page(samples.Info("s", kind), [SourceRow("K1", 1, b"{}", record, (), b"proof")], 0)[0].value
            for kind, record in records.items()
        ]
        for number, schema in wire._parsed.items():
            out = io.BytesIO()
            fastavro.schemaless_writer(out, schema, generate_one(schema))
            self.seeds.append(wire.HEADER.pack(wire.MAGIC, number) + out.getvalue())

    def run(self, data: bytes) -> int:
        record: Any = SimpleNamespace(value=data, key=b"", headers=(), offset=0)
        (judged,) = self._adjudicator.judge([record], datetime(2026, 11, 26, tzinfo=UTC), "licence.business")
        assert judged.kind in KINDS
        return bool(judged.record_id)


class Command(Target):
    """Submissions of applications."""

    def __init__(self) -> None:
        address = {"address": "天津市和平区南京路128号1号楼2单元301室"}
        self.seeds = [as_bytes(body()), as_bytes(body(site=address))]

    def make(self, draw: random.Random) -> bytes:
        """A body after mutations."""
        return mutated_json(draw, self.seeds)

    def run(self, data: bytes) -> int:
        try:
            found = parse(read_json(data), shipped())
        except RecordRejected as rejected:
            assert len(rejected.field) < 400
            return 0
        assert type(found).model_validate_json(found.canonical()).canonical() == found.canonical()
        return len(found.identities())


class Registry(Target):
    """Schemas that anyone may send to the registry."""

    def __init__(self) -> None:
        self._subjects = list(subjects().values())
        self.seeds = [as_bytes(schema.json) for versions in self._subjects for schema in versions]

    def make(self, draw: random.Random) -> bytes:
        """A schema after mutations."""
        return mutated_json(draw, self.seeds)

    def run(self, data: bytes) -> int:
        text = data.decode("utf-8", "replace")[:65_536]
        versions = self._subjects[zlib.crc32(data) % len(self._subjects)]
        try:
            breaks(text, [schema.text for schema in versions])
        except RecordRejected:
            return 0
        return len(fingerprint(json.loads(text)))


class Policies(Target):
    """Policy tables."""

    def __init__(self) -> None:
        self.seeds = [file.read_bytes() for file in (ROOT / "hub/cases/policies").glob("*.toml")]

    def run(self, data: bytes) -> int:
        try:
            return len(policy.load(data.decode("utf-8", "replace")).cases)
        except HubError:
            return 0


class Notices(Target):
    """Notices about the working days of a year."""

    def __init__(self) -> None:
        self.seeds = [
            b'year = 2027\nsource = "a notice"\n'
            b'days_off = ["2027-01-01/2027-01-03", 2027-05-01, 2027-10-01]\nmake_up_days = ["2027-10-09"]\n'
        ]

    def run(self, data: bytes) -> int:
        try:
            return len(notice.read(data).days)
        except HubError:
            return 0


TARGETS: dict[str, Callable[[], Target]] = {
    "json": lambda: Files("json"),
    "jsonl": lambda: Files("jsonl"),
    "csv": lambda: Files("csv"),
    "avro": lambda: Files("avro"),
    "batch": Batches,
    "wire": Wire,
    "page": Page,
    "table": TableMapping,
    "command": Command,
    "registry": Registry,
    "policy": Policies,
    "calendar": Notices,
}
