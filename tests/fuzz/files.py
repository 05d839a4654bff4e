"""Files for ``hub check``."""

import io
import json
import random
import zlib
from copy import deepcopy
from datetime import date
from typing import Any

import fastavro

from hub.records.files.parse import ENCODINGS, rows
from hub.records.kinds import KINDS
from hub.records.rules import Context
from hub.records.verdict import judge
from tests.fuzz.mutation import as_bytes, mutated, mutated_value
from tests.fuzz.target import ROOT, Target

RECORDS = ROOT / "tests" / "unit" / "records" / "samples"
TODAY = Context(date(2026, 11, 26))


def _flat(record: Any, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items() if isinstance(record, dict) else enumerate(record):
        if isinstance(value, (dict, list)):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found


def _table(record: Any) -> bytes:
    flat = _flat(record)
    cells = ['"' + ("" if value is None else str(value)).replace('"', '""') + '"' for value in flat.values()]
    return (",".join(flat) + "\n" + ",".join(cells) + "\n").encode("utf-8", "surrogatepass")


class Files(Target):
    """Files for ``hub check``. An input has a first line with kind and encoding; the file follows."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._records = {name: json.loads(self._sample(name)) for name in KINDS}
        self.seeds = [self._headed(name, data) for name in KINDS for data in self._files(name)]

    @staticmethod
    def _sample(name: str) -> bytes:
        return (RECORDS / f"{name.rpartition('.')[2]}.json").read_bytes()

    @staticmethod
    def _headed(name: str, data: bytes, encoding: str = "utf-8") -> bytes:
        return f"{name} {encoding}\n".encode() + data

    def _files(self, name: str) -> list[bytes]:
        record, data = self._records[name], self._sample(name)
        if self._form == "json":
            return [data, as_bytes([record] * 3), b" [ ] ", b'[{"a":"\\\\\\""},"]",{}]']
        if self._form == "jsonl":
            return [as_bytes(record) + b"\n", (as_bytes(record) + b"\n") * 3]
        if self._form == "csv":
            return [_table(record), b"\xef\xbb\xbf" + _table(record).replace(b"\n", b"\r\n")]
        (row,) = rows(KINDS[name], io.BytesIO(data), "json")
        return [_container([row.record] * 3, codec, KINDS[name].schema.parsed) for codec in ("null", "deflate")]

    def make(self, draw: random.Random) -> bytes:
        """A file after mutations of its bytes, or made from a record after mutations."""
        name = draw.choice(list(KINDS))
        if draw.random() < 0.5:
            header, _, data = draw.choice(self.seeds).partition(b"\n")
            return header + b"\n" + mutated(draw, data, self.seeds)
        if self._form == "avro":
            return self._headed(name, self._other_schema(draw, name))
        record = mutated_value(draw, mutated_value(draw, deepcopy(self._records[name])))
        if self._form == "csv":
            data = _table(record if isinstance(record, dict) else {"x": record})
        else:
            data = as_bytes([record] if self._form == "json" else record)
        return self._headed(name, data, draw.choice(ENCODINGS))

    @staticmethod
    def _other_schema(draw: random.Random, name: str) -> bytes:
        """A container whose schema was changed."""
        simple: list[Any] = [
            {"type": "array", "items": "null"}, {"type": "map", "values": "int"}, "int", ["null", "string"],
            {"type": "record", "name": "R", "fields": [{"name": "n", "type": ["null", "R"]}]},
            {"type": "fixed", "name": "F", "size": 2}, {"type": "enum", "name": "E", "symbols": ["A"]},
            {"type": "map", "values": {"type": "fixed", "name": "F", "size": 2}},
            {"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "enum", "name": "E"}}]},
        ]  # fmt: skip
        schema = deepcopy(KINDS[name].schema.json if draw.random() < 0.6 else draw.choice(simple))
        for _ in range(draw.randrange(0, 4)):
            schema = mutated_value(draw, schema)
        body = mutated(draw, b"\x02" * draw.randrange(1, 40), [b"\x00\x02\x04"])[:3_000]
        deflated = draw.random() < 0.3
        packed = zlib.compress(body, wbits=-15) if deflated else body
        codec = b"deflate" if deflated else b"null"
        head = _long(2) + b"".join(_bytes(one) for one in (b"avro.schema", as_bytes(schema), b"avro.codec", codec))
        count = draw.choice([0, 1, 1, 1, 2, 5, 1_000, 10**6])
        return b"Obj\x01" + head + b"\0" + b"S" * 16 + _long(count) + _bytes(packed) + b"S" * 16

    def run(self, data: bytes) -> int:
        """Read and judge every row."""
        header, _, content = data.partition(b"\n")
        name, encoding = header.decode().split(" ")
        accepted = 0
        for row in rows(KINDS[name], io.BytesIO(content), self._form, encoding):
            findings = [row.fault] if row.fault else judge(name, row.record, TODAY).findings
            assert all(len(finding.field) < 400 for finding in findings)
            accepted += not findings
        return accepted


def _container(records: list[Any], codec: str, schema: Any) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, schema, records, codec=codec, sync_marker=b"S" * 16)
    return out.getvalue()


def _long(value: int) -> bytes:
    value <<= 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _bytes(value: bytes) -> bytes:
    return _long(len(value)) + value
