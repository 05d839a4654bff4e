"""Headers of messages: CloudEvents 1.0 in binary mode, the same for every stage."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.topics import cloudevents

MOMENT = datetime(2026, 11, 1, 23, 59, 59, 999_999, tzinfo=UTC)


def test_the_five_headers_in_their_order() -> None:
    found = cloudevents.headers("ab12", "licence.business.verified", "/rules/1", MOMENT)
    assert [name for name, _ in found] == list(cloudevents.NAMES)
    assert dict(found) == {
        "ce_id": b"ab12",
        "ce_type": b"cn.onecert.licence.business.verified",
        "ce_source": b"/rules/1",
        "ce_time": b"2026-11-01T23:59:59.999Z",
        "ce_specversion": b"1.0",
    }


@pytest.mark.parametrize("milliseconds", [0, 7, 120])
def test_times_always_have_three_digits_and_a_z(milliseconds: int) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert cloudevents.rfc3339(moment) == f"2026-01-01T00:00:00.{milliseconds:03}Z"


@pytest.mark.parametrize(
    ("source", "connector"),
    [(b"/sources/business_licence", "business_licence"), (b"/rules/1", None), (b"\xff", None), (b"/sources/", "")],
)
def test_a_connector_is_named_by_the_path_alone(source: bytes, connector: str | None) -> None:
    assert cloudevents.connector_of([("ce_id", b"1"), ("ce_source", source)]) == connector


def test_without_a_source_no_connector_is_named() -> None:
    assert cloudevents.connector_of([]) is None


def test_of_two_headers_of_one_name_the_first_counts() -> None:
    twice = [("hub_attempt", b"2"), ("hub_attempt", b"3")]
    assert cloudevents.header(twice, cloudevents.ATTEMPT) == ("hub_attempt", b"2")
    assert cloudevents.header(twice, cloudevents.ID) is None


def test_a_name_comes_back_from_its_type() -> None:
    assert cloudevents.name_of(cloudevents.type_of("lookup.answered").encode()) == "lookup.answered"
    assert cloudevents.name_of(b"com.example.other") == "com.example.other"
    assert cloudevents.is_type([("ce_type", cloudevents.LOOKUP_ANSWERED)], cloudevents.LOOKUP_ANSWERED)
