"""Files of batches, in each form: JSON Lines, CSV, spreadsheets and XML, packed or not."""

import io
import random
from typing import Any

from hub.connect.context import Context
from hub.connect.declared.rows import row_of
from hub.connect.files.batch import lines
from hub.connect.files.manifest import Manifest
from hub.connect.files.rows import Rows
from hub.connect.files.spec import FilesSpec
from hub.connect.folder import of_package
from hub.errors import RecordRejected
from sandbox.files.district import District
from sandbox.files.forms import FORMS, zipped
from sandbox.world.world import World, WorldSpec
from tests.clocks import HandClock
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target

SPEC = FilesSpec(key=("djbh",), version="gxsj", operation="czlx", lists=("a.b",))
_TOLD: dict[str, Any] = {"sender": "x", "sequence": 1, "file": "f", "rows": 1, "bytes": 1, "sha256": "0" * 64}
_SIGNED = {"madeAt": "2026-03-01T00:00:00Z", "keyId": "k", "signature": "s", "format": "onecert-batch-v1"}


class Batches(Target):
    """The file of a batch. An input has a first line with form, encoding and packing; the file follows."""

    def __init__(self) -> None:
        rows = [row.columns for _, some in District(World(WorldSpec(3, 40, 0.5))).batches() for row in some]
        folder = of_package("connectors.district_files")
        self._context = Context(folder.info, folder.info.limits, HandClock(), folder)
        self._rows = Rows(SPEC, folder.info.columns)
        self.seeds = []
        for form, write in FORMS.items():
            for encoding in ("utf-8",) if form == "xlsx" else ("utf-8", "gb18030"):
                data = write(rows[:4], encoding)
                self.seeds.append(f"{form} {encoding} none\n".encode() + data)
                self.seeds.append(f"{form} {encoding} zip\n".encode() + zipped({"f": data}))

    def make(self, draw: random.Random) -> bytes:
        header, _, data = draw.choice(self.seeds).partition(b"\n")
        return header + b"\n" + mutated(draw, data, self.seeds)

    def run(self, data: bytes) -> int:
        header, _, content = data.partition(b"\n")
        form, encoding, packed = header.decode().split(" ")
        manifest = Manifest.model_validate({**_TOLD, **_SIGNED, "form": form, "encoding": encoding, "packed": packed})
        taken = 0
        try:
            for number, found in lines(io.BytesIO(content), manifest, SPEC):
                row = row_of(self._context, self._rows.declared(1, number, found))
                assert row.key and row.raw and bool(row.faults) == (row.record is None)
                taken += row.record is not None
        except RecordRejected as refusal:
            assert refusal.code.isupper()
        return taken
