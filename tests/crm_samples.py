"""The samples of the contract with the connection system: what a hub sends to a system over HTTP, in one run with fixed
keys and a fixed clock. ``python -m tests.crm_samples`` writes them."""

import json
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import connectors.utility_crm
from hub.cases.by import By
from hub.cases.imports.notices import Notices
from hub.cases.policy import Recipients
from hub.clock import SystemClock
from hub.connect.host import registry
from hub.delivery.filed import WAIT_S
from hub.privacy.references import References, read_number
from hub.privacy.vault import MasterKey
from tests import filing, samples
from tests.casework import House, body
from tests.crm import serving
from tests.transfers import DEVELOPER, ENTRY_DAY, HEIR, Town, matter, sinks, unit
from tests.transfers import body as transfer_body
from tests.unit.crm.systems import TOKEN, Good

FOLDER = Path(connectors.utility_crm.__file__).parent / "samples"
NAMES = {
    "applications": "application",
    "evidence": "evidence",
    "dates": "dates",
    "withdrawals": "withdrawal",
    "recalls": "recall",
    "handovers": "handover",
    "cancellations": "cancellation",
    "ratings": "rating",
    "warnings": "warning",
    "transfers": "transfer",
    "transfer-checks": "transfer-check",
    "transfer-pushes": "transfer-push",
    "transfer-cancellations": "transfer-cancellation",
    "transfer-notices": "transfer-notice",
}
"""What a system calls a piece (``Good``) → the name of its sample."""
FILED = {"A-1": "evidence-file", "A-2": "evidence-file-later", "A-3": "evidence-file-missing"}
"""An application → the name of the sample of its evidence, one for each form of ``file``."""
NUMBER = "1Q4JA1RWK971AG"
"""A hub's number, in place of the one of a run: it is drawn."""
DELIVERY = References(MasterKey(bytes(32)), "utility_crm").delivery_id(bytes(16), 1)
"""The id of a delivery, in place of the one of a run."""
NOTICE = """year = 2026
source = "an example"
days_off = [2026-01-01, 2026-03-05, 2026-03-06, 2026-05-01, 2026-10-01]
make_up_days = [2026-03-07]
"""
AGENT = {
    "name": "李娜",
    "resident_id": samples.OTHER_PERSON,
    "authorisation": {"form": "DECLARATION", "reference": "D-2026-17"},
}


def sent() -> dict[str, Any]:
    """Name of a sample → the body that was sent."""
    with TemporaryDirectory() as folder, serving(Good()) as system:
        settings = {"url": system.url, "token": TOKEN}
        with (
            closing(House(Path(folder), recipients=Recipients(("duty-desk",), ("supervision",)))) as house,
            closing(registry.open_sink("utility_crm", settings, SystemClock())) as sink,
        ):
            _live(house, sink)
            with closing(House(Path(folder) / "transfers", sinks=sinks())) as other:
                _transfers(_Town(other, sink))
        found = {NAMES[piece["what"]]: piece["sent"] for piece in reversed(system.pieces)}
    assert read_number(found["application"]["externalAppNo"])
    assert read_number(found["transfer"]["transferNo"])
    found["application"]["externalAppNo"] = found["transfer"]["transferNo"] = NUMBER
    return found | _filed()


def _filed() -> dict[str, Any]:
    """Evidence with the file of its licence: with one that came in time, with one that did not, and with one that the
    source does not have."""
    with TemporaryDirectory() as folder, serving(Good()) as system:
        settings = {"url": system.url, "token": TOKEN}
        with (
            closing(House(Path(folder), filing=frozenset({filing.SOURCE}))) as house,
            closing(registry.open_sink("utility_crm", settings, SystemClock())) as sink,
        ):
            house.verified(samples.business())
            house.project()
            for number, source in zip(FILED, (filing.Giving(), None, filing.Giving(lambda: None)), strict=True):
                house.submit(body(number))
                house.due()
                if source:
                    filing.fetch(house, source)
                house.deliver(sink, reads_back=True)
                house.clock.pass_s(WAIT_S + 1)
                house.deliver(sink, reads_back=True)
                filing.fetch(house, filing.Giving())  # what came too late, so that the next one has its own answer
        sent = [piece["sent"] for piece in system.pieces if piece["what"] == "evidence"]
    return dict(zip(FILED.values(), map(_placed, sent), strict=True))


def _placed(sent: dict[str, Any]) -> dict[str, Any]:
    if "href" in sent["file"]:
        sent["file"]["href"] = f"/deliveries/{DELIVERY}/file"
    return sent


def _live(house: House, sink: Any) -> None:
    house.verified(samples.business())
    house.project()
    case_id = house.submit(
        body(site={"address": "天津市南开区长江道12号"}, capacity_kw=100, external_works=False, agent=AGENT)
    ).case_id
    house.due()
    house.deliver(sink, reads_back=True)
    Notices(house.store, house.journal).import_file(NOTICE.encode(), By("cli:test"))
    house.due()
    house.deliver(sink, reads_back=True)
    _changes(house, status="REVOKED")
    house.deliver(sink, reads_back=True)
    _changes(house)
    house.due()
    house.connected(case_id, sink)
    _changes(house, status="REVOKED")
    house.customers.rate(case_id, {"grade": 2, "text": "等候时间较长"})
    house.deliver(sink, reads_back=True)
    house.applications.cancel(case_id, By("cli:test"))
    house.deliver(sink, reads_back=True)
    house.submit(body("A-2"))
    house.deliver(sink, reads_back=True)
    house.clock.pass_s(9 * 86_400)  # the working day before its last one
    house.due()
    house.deliver(sink, reads_back=True)


class _Town(Town):
    """A town whose utility is this sink."""

    def __init__(self, house: House, sink: Any) -> None:
        super().__init__(house)
        self._sink = sink

    def settle(self) -> None:
        self.house.project()
        self.house.deliver(self._sink, reads_back=True)


def _transfers(town: _Town) -> None:
    """One is cancelled after its entry; one is done, and then the title goes to others. Of another unit no transfer is
    declared."""
    (one,) = town.submit(transfer_body(matter(unit_no=unit(2)), number="T-0"))
    town.told(one, "CLEAR", 1)
    town.entered(unit_no=unit(2))
    town.cancel(one)
    (one,) = town.submit(transfer_body())
    town.told(one, "CLEAR", 1)
    town.entered()
    town.told(one, "DONE", 1)
    town.entered(HEIR, issued_on=ENTRY_DAY + timedelta(days=30))
    _undeclared(town)


def _undeclared(town: _Town) -> None:
    """Electricity is on for the holder of a title, which goes to others then."""
    town.heard(samples.business())
    town.entered(DEVELOPER, unit_no=unit(3), issued_on=date(2020, 5, 6))
    case_id = town.house.submit(body(site={"unit_no": unit(3)})).case_id
    town.house.due()
    town.settle()
    town.house.due()
    town.house.electricity_on(case_id)
    town.entered(HEIR, unit_no=unit(3))
    town.house.clock.pass_s(20 * 86_400)
    town.house.due()
    town.settle()


def _changes(house: House, **changes: Any) -> None:
    """The licence's source changes it, and the hub hears of it ten minutes later."""
    version = house.clock.now_ms()
    house.clock.pass_s(600)
    house.verified(samples.business(version=version) | changes)
    house.project()


def text(value: Mapping[str, Any]) -> str:
    """A sample as it lies in its file."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    for name, value in sent().items():
        (FOLDER / f"{name}.json").write_text(text(value), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
