"""Two times, and only the clock reads them (ADR 0020): what happened is business time, what machines wait by is process
time. So every reader of business time is named here with its reason; all others have process time."""

import re

import pytest

from tests.architecture.rooms import modules, within

BUSINESS = {
    "hub.ports": "the contract",
    "hub.clock": "the machine's own clock",
    "hub.stores.shared_clock": "the clock that all hubs share",
    "hub.ingest.feed": "when a row was read",
    "hub.ingest.sent": "when a row was sent",
    "hub.pipeline.lookup": "when an answer was given",
    "hub.pipeline.verify": "the day that a verdict is of",
    "hub.operate.troubles": "how long a record waits for another one",
    "hub.pipeline.redrive": "when a record was sent again",
    "hub.pipeline.unused": "how old a record is",
    "hub.delivery.files": "how old the file of a licence is",
    "hub.pipeline.again": "when a row was read or sent again",
    "hub.pipeline.relay": "when a place was written down",
    "hub.cases": "when something happened to a case, and the days that its deadline counts",
    "hub.topics.access": "when something was asked, refused or erased",
    "hub.web.api.watch.figures": "the age of events, which have business time",
    "hub.cli.check": "the day that a file is judged of",
    "hub.cli.doctor": "whether the working days of the next weeks are known",
    "hub.cli.policy": "which table a case that begins today gets",
    "hub.cli.audit": "the last day up to which clocks can be counted",
    "hub.cli.calendar": "until when working days are known",
}
"""Module or room → what it needs business time for."""

HOUSE = sorted(name for name in modules() if not within(name, "sandbox"))
_MACHINE = ("time.time(", "time.time_ns(", "time.monotonic(", "datetime.now(", "datetime.utcnow(", "date.today(")
_BUSINESS = re.compile(r"(?<!datetime)\.now(_ms)?\(\)|def now(_ms)?\(")


@pytest.mark.parametrize("module", [name for name in HOUSE if name != "hub.clock"])
def test_only_the_clock_reads_time(module: str) -> None:
    text = modules()[module].read_text("utf-8")
    assert [reader for reader in _MACHINE if reader in text] == []


@pytest.mark.parametrize("module", HOUSE)
def test_business_time_is_read_only_where_a_reason_is_given(module: str) -> None:
    reads = _BUSINESS.search(modules()[module].read_text("utf-8"))
    assert not reads or any(within(module, named) for named in BUSINESS)


def test_every_reason_is_about_a_module_that_reads_business_time() -> None:
    readers = [module for module in HOUSE if _BUSINESS.search(modules()[module].read_text("utf-8"))]
    assert {named for named in BUSINESS if not any(within(module, named) for module in readers)} == set()
