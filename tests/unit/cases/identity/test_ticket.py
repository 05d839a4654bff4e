"""A ticket vouches for one person in one application, for a short time, and no other text does (P2, P3)."""

from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.identity.ticket import TICKET_LIFE_MAX_S, Matter, check
from hub.errors import RecordRejected
from tests import samples
from tests.clocks import HandClock
from tests.tickets import ISSUER, KEYS, serial, ticket

CLOCK = HandClock()
MATTER = Matter("gov-platform", "A-1", {"APPLICANT": samples.PERSON, "AGENT": samples.OTHER_PERSON})


def key_of(key_id: str, signed_at: str) -> bytes | None:
    return KEYS.get(key_id)


def refused(text: str, matter: Matter = MATTER, now_ms: int = 0, keys: Any = KEYS) -> str:
    with pytest.raises(RecordRejected) as caught:
        check(text, matter, lambda key_id, _: keys.get(key_id), now_ms or CLOCK.process_ms())
    assert caught.value.field == "ticket"
    return caught.value.code


@pytest.mark.parametrize("mode", ["FACE_RESULT", "FACE_PLAINTEXT", "COUNTER"])
@pytest.mark.parametrize(("person", "who"), [(samples.PERSON, "APPLICANT"), (samples.OTHER_PERSON, "AGENT")])
def test_a_good_ticket_says_who_was_checked_and_how(mode: str, person: str, who: str) -> None:
    text = ticket(CLOCK, mode=mode, person=person)
    found = check(text, MATTER, key_of, CLOCK.process_ms())
    assert (found.mode, found.person, found.serial, found.text) == (mode, who, serial(text), text)
    assert found.until_ms == CLOCK.process_ms() + 600_000


def test_a_number_of_the_first_generation_is_the_same_person() -> None:
    legacy = Matter("gov-platform", "A-1", {"APPLICANT": "360426910101007"})
    assert check(ticket(CLOCK), legacy, key_of, CLOCK.process_ms()).person == "APPLICANT"


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"channel": "counter"}, "TICKET_OTHER_APPLICATION"),
        ({"externalNo": "A-2"}, "TICKET_OTHER_APPLICATION"),
        ({"person": "360426199101010098"}, "TICKET_OTHER_PERSON"),
        ({"result": "NO_MATCH"}, "TICKET_NO_MATCH"),
        ({"mode": "FACE_PLAINTEXT", "consent": False}, "TICKET_NO_CONSENT"),
        ({"until": "2020-01-01T00:00:00+08:00"}, "TICKET_EXPIRED"),
        ({"time": "2120-01-01T00:00:00+08:00", "until": "2120-01-01T00:10:00+08:00"}, "TICKET_EXPIRED"),
        ({"time": "yesterday"}, "TICKET_FORM"),
        ({"serial": "0" * 24}, "TICKET_FORM"),
        ({"serial": "12345"}, "TICKET_FORM"),
        ({"result": 1}, "TICKET_FORM"),
        ({"holder": "号" * 64}, "TICKET_FORM"),
    ],
)
def test_p3_a_ticket_for_something_else_is_refused_with_a_code(other: dict[str, Any], code: str) -> None:
    assert refused(ticket(CLOCK, **other)) == code


def test_p3_an_unknown_mode_is_refused() -> None:
    assert refused(ISSUER.sign((ISSUER.read(ticket(CLOCK)) or {}) | {"mode": "IRIS"})) == "TICKET_FORM"


def test_p3_a_ticket_is_good_for_half_an_hour_at_most() -> None:
    text = ticket(CLOCK, until="2120-01-01T00:00:00+08:00")
    made_ms = CLOCK.process_ms()
    assert check(text, MATTER, key_of, made_ms).until_ms == made_ms + TICKET_LIFE_MAX_S * 1000
    assert refused(text, now_ms=made_ms + TICKET_LIFE_MAX_S * 1000) == "TICKET_EXPIRED"


def test_p4_a_changed_statement_or_a_strange_key_has_no_good_signature() -> None:
    statement, signature = ticket(CLOCK).split(".")
    changed = urlsafe_b64encode(b'{"serial":"x"}').decode().rstrip("=")
    assert refused(f"{changed}.{signature}") == "TICKET_FORM"
    other = ticket(CLOCK).split(".")[1]
    assert refused(f"{statement}.{other}") == "TICKET_SIGNATURE"
    assert refused(ticket(CLOCK), keys={}) == "TICKET_SIGNATURE"
    assert refused(ticket(CLOCK), keys={ISSUER.key_id: b"short"}) == "TICKET_SIGNATURE"


def test_p5_a_ticket_with_the_result_only_has_no_number_and_no_picture() -> None:
    said = ISSUER.read(ticket(CLOCK)) or {}
    assert samples.PERSON not in str(said)
    known = {"serial", "mode", "result", "time", "until", "channel", "externalNo", "holder", "keyId"}
    assert set(said) == known


@given(st.text(max_size=400) | st.from_regex(r"[A-Za-z0-9_-]{1,80}\.[A-Za-z0-9_-]{1,90}", fullmatch=True))
def test_p1_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    assert refused(text) in ("TICKET_FORM", "TICKET_SIGNATURE")
