"""What was submitted beyond the policy's list is in the auditor's output, though it never became a case (P6)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.audit import refused
from hub.audit.findings.classes import Class
from hub.stores import outbox
from hub.topics import access
from tests.casework import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def refuse(house: House, code: str) -> None:
    """A refused submission, on its topic."""
    by = {"principal": "token:1", "client": "portal", "channel": "gov-platform"}
    said = {"by": by, "code": code, "purpose": None, "division": None, "materials": ["planning-permit"]}
    with house.store.write() as connection:
        outbox.put(connection, [access.message(house.clock, "access.refused", "/api", said)])
    house.relay()


def test_p6_a_submission_with_more_than_the_list_is_a_finding_of_its_time(house: House) -> None:
    refuse(house, "NOT_ASKED")
    refuse(house, "PURPOSE_NOT_YOURS")
    now_ms = house.clock.now_ms()
    (found,) = refused.submissions(house.log, 0, now_ms + 1000)
    assert (found.code, found.of, found.case_id) == ("REQUEST_REFUSED", Class.BEYOND_LIST, None)
    assert found.shown_by[0].told == "NOT_ASKED portal gov-platform planning-permit"
    assert list(refused.submissions(house.log, now_ms + 1000, now_ms + 2000)) == []
