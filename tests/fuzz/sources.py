"""What sources answer: signed pages, rows of exchange tables."""

import json
import random
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from hub.codec.merkle import leaf_hash
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.connect.host.registry import _context, find
from hub.connect.rest.client import Answer
from hub.connect.rest.declared import RestSource
from hub.connect.rest.pageproof import check_row_proof
from hub.connect.trust import trusted_keys_of
from hub.errors import HubError
from hub.ports import SourceRow
from hub.privacy.sealing import _plan, shaped
from hub.records.kinds import KINDS
from sandbox.gateway.tree import PageSigner, root_and_paths
from tests.clocks import BEGIN, HandClock
from tests.fuzz.mutation import as_bytes
from tests.fuzz.target import ROOT, Target, mutated_json


class Page(Target):
    """Signed pages of the gateway: hostile records that are honestly signed, and hostile pages."""

    def __init__(self) -> None:
        self._signer = PageSigner(1)
        options = {
            "url": "http://127.0.0.1:9", "rid": "r", "sid": "s", "secret": "x",
            "key_id": self._signer.key_id, "public_key": self._signer.public_key,
        }  # fmt: skip
        installed = find("business_licence")
        assert installed.info.rest
        context = _context(installed, options, HandClock())
        self._gateway = RestSource(installed.info.rest, installed.info.options(options), context)
        self._trusted = trusted_keys_of(options)
        self._record = (ROOT / "connectors/business_licence/samples/company.json").read_bytes()
        self.seeds = [self._page([self._record.decode()] * 3)]

    def _page(self, texts: list[str]) -> bytes:
        leaves = [leaf_hash(text.encode("utf-8", "surrogatepass")) for text in texts]
        root, paths = root_and_paths(leaves)
        at = BEGIN.isoformat(timespec="milliseconds")
        items = [
            {"record": text, "index": place, "path": [node.hex() for node in path]}
            for place, (text, path) in enumerate(zip(texts, paths, strict=True))
        ]
        return as_bytes(
            {
                "items": items, "root": root.hex(), "size": len(texts), "signedAt": at, "keyId": self._signer.key_id,
                "signature": self._signer.sign(root.hex(), len(texts), at), "next": "c", "more": False,
            }
        )  # fmt: skip

    def make(self, draw: random.Random) -> bytes:
        """Six of ten pages hold hostile records under a good signature."""
        if draw.random() < 0.6:
            found = [mutated_json(draw, [self._record]) for _ in range(draw.randrange(1, 4))]
            return self._page([data.decode("utf-8", "replace") for data in found])
        return mutated_json(draw, self.seeds)

    def run(self, data: bytes) -> int:
        self._gateway._client = SimpleNamespace(page=lambda call: call(500), get=lambda *_: Answer(200, data))  # type: ignore[assignment]
        try:
            page = self._gateway.fetch({"after": "x"})
        except HubError:
            return 0
        proofs = [check_row_proof(row.raw, row.proof, self._trusted) for row in page.rows]
        return sum(_take_in("licence.business", row) for row in page.rows) if "valid" in proofs else 0


def _take_in(kind: str, row: SourceRow) -> bool:
    """What ingest does with a row before it seals it. Whether it is a record."""
    ready = shaped(KINDS[kind], row)
    return _plan(KINDS[kind], ready) is not None


def _typed(value: Any) -> Any:
    """Values as drivers of databases give them."""
    readers: dict[str, Callable[[str], Any]] = {
        "hex": bytes.fromhex, "date": date.fromisoformat, "decimal": Decimal, "moment": datetime.fromisoformat,
    }  # fmt: skip
    if isinstance(value, dict) and len(value) == 1 and (name := next(iter(value))) in readers:
        try:
            return readers[name](value[name])
        except (ValueError, TypeError, ArithmeticError):
            return None
    if isinstance(value, dict):
        return {name: _typed(one) for name, one in value.items()}
    return [_typed(one) for one in value] if isinstance(value, list) else value


class TableMapping(Target):
    """Rows of the exchange table, with every value that a driver may give."""

    def __init__(self) -> None:
        described = of_package("connectors.property_title")
        self._context = Context(described.info, described.info.limits, HandClock(), described)
        folder = ROOT / "connectors/property_title/samples"
        self.seeds = [file.read_bytes() for file in folder.glob("*.json") if "expected" not in file.name]

    def make(self, draw: random.Random) -> bytes:
        """A row after mutations of its values."""
        return mutated_json(draw, self.seeds, bytes_share=0)

    def run(self, data: bytes) -> int:
        given = json.loads(data)
        given = given if isinstance(given, dict) else {}
        columns = _typed(given.get("row", given.get("columns", given)))
        holders = _typed(given.get("holders", []))
        lines = [line for line in holders if isinstance(line, dict)] if isinstance(holders, list) else []
        row = {**(columns if isinstance(columns, dict) else {}), "holders": lines}
        return _take_in("licence.property-title", row_of(self._context, DeclaredRow("k", 1, "UPSERT", row)))
