"""The files of licences as two connectors fetch them from the sandbox: whole, or refused with the reason (P1, P3)."""

import dataclasses
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSource
from hub.errors import Misconfigured, RecordRejected, Unavailable
from hub.ports import FileQuery, LookupQuery
from hub.records.files.licence import OFD, media_type
from sandbox import launch
from sandbox.identity.tickets import Issuer
from sandbox.world.people import People
from tests.grants import granted

SEED = 5
PERSON = People(SEED).person(2)
WHY = {"purpose": "connection-application", "legal_basis": "action-plan-6"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[launch.Running]:
    home: Path = tmp_path_factory.mktemp("files")
    with launch.start(SEED, 20, home, systems=("business_licence", "identity"), defect_share=0) as running:
        yield running


@pytest.fixture
def sandbox(world: launch.Running) -> Iterator[launch.Running]:
    yield world
    world.clear("business_licence")
    world.clear("identity")


@pytest.fixture
def licences(sandbox: launch.Running) -> Iterator[GuardedSource]:
    source = opened(sandbox, "business_licence")
    yield source
    source.close()


def opened(sandbox: launch.Running, name: str, **grant: object) -> GuardedSource:
    return registry.open_source(name, sandbox.connectors()[name], SystemClock(), grant=granted(name, **grant))


@pytest.fixture
def query(licences: GuardedSource) -> FileQuery:
    return FileQuery(licences.fetch(None).rows[0].key, **WHY)


def test_a_licence_has_its_file(licences: GuardedSource, query: FileQuery) -> None:
    found = licences.file(query)
    assert found is not None
    assert media_type(found.content) == OFD
    assert found.sha256 == sha256(found.content).digest()
    assert licences.file(query) == found
    assert licences.file(dataclasses.replace(query, key="1.2.156.3005.2.X.Y.20260.001.Z")) is None


def test_a_card_has_its_file_for_the_application_that_was_given_it(sandbox: launch.Running) -> None:
    source = opened(sandbox, "resident_id")
    ticket = Issuer(SEED).ticket("gov-platform", "A-1", PERSON.id_number, "COUNTER")
    asked = LookupQuery("resident-id", PERSON.id_number, **WHY, business_number="A-1", ticket=ticket)
    (card,) = source.look_up(asked).rows
    found = source.file(FileQuery(card.key, **WHY, business_number="A-1"))
    assert found is not None and media_type(found.content) == OFD
    assert found.sha256 == sha256(found.content).digest()
    with pytest.raises(RecordRejected, match="LOOKUP_REFUSED"):
        source.file(FileQuery(card.key, **WHY, business_number="A-2"))
    with pytest.raises(RecordRejected, match="LOOKUP_INCOMPLETE business_number"):
        source.file(FileQuery(card.key, **WHY))
    sandbox.fault("identity", "file_missing")
    assert source.file(FileQuery(card.key, **WHY, business_number="A-1")) is None
    source.close()


def test_what_is_no_file_is_not_taken_for_one(
    sandbox: launch.Running, licences: GuardedSource, query: FileQuery
) -> None:
    sandbox.fault("business_licence", "file_html")
    found = licences.file(query)
    assert found is not None
    with pytest.raises(RecordRejected, match="FILE_TYPE"):
        media_type(found.content)
    sandbox.clear("business_licence")
    sandbox.fault("business_licence", "file_digest")
    found = licences.file(query)
    assert found is not None and found.sha256 != sha256(found.content).digest()
    sandbox.clear("business_licence")
    sandbox.fault("business_licence", "file_missing")
    assert licences.file(query) is None


def test_a_file_that_is_larger_than_the_answers_bound_is_not_read_to_its_end(
    sandbox: launch.Running, query: FileQuery
) -> None:
    options = {**sandbox.connectors()["business_licence"], "answer_bytes_max": 1_000_000}
    source = registry.open_source("business_licence", options, SystemClock(), grant=granted("business_licence"))
    sandbox.fault("business_licence", "file_large")
    with pytest.raises(RecordRejected, match="FILE_TOO_LARGE"):
        source.file(query)
    source.close()


def test_half_a_file_is_no_file(sandbox: launch.Running, licences: GuardedSource, query: FileQuery) -> None:
    sandbox.fault("business_licence", "truncate", path="/licences/file")
    with pytest.raises(Unavailable):
        licences.file(query)


def test_p3_no_call_is_made_beyond_the_grant(sandbox: launch.Running, query: FileQuery) -> None:
    source = opened(sandbox, "business_licence", ways=["look-up", "feed"])
    with pytest.raises(RecordRejected, match="FILE_NOT_GRANTED"):
        source.file(query)
    source.close()
    source = opened(sandbox, "business_licence", purposes=["capacity-increase"])
    with pytest.raises(RecordRejected, match="PURPOSE_NOT_GRANTED"):
        source.file(query)
    source.close()
    source = opened(sandbox, "identity_check", ways=["look-up", "file"])
    with pytest.raises(Misconfigured, match="gives no files"):
        source.file(query)
    source.close()
