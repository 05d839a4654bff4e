"""References: stable, different for each sink, and not computable without the secret (P2, P5)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.privacy.references import ALPHABET, NUMBER_LENGTH, References, grouped, read_number
from hub.privacy.vault import MasterKey
from hub.records.identifiers import identity_of

MASTER = MasterKey(bytes(range(32)))
CRM = References(MASTER, "utility_crm")
OTHER = References(MASTER, "second_sink")
ids = st.binary(min_size=16, max_size=16)
kinds = st.text(alphabet="abcdefghijklmnopqrstuvwxyz.-", min_size=1, max_size=20)
readings = st.integers(0, 1_000)


@given(ids)
def test_a_number_has_fourteen_characters_and_is_read_back(case_id: bytes) -> None:
    number = CRM.hub_number(case_id)
    assert len(number) == NUMBER_LENGTH
    assert set(number) <= set(ALPHABET)
    assert not set("ILOU") & set(number)
    assert read_number(number) == number
    assert read_number(grouped(number).lower()) == number


@given(ids, st.integers(0, NUMBER_LENGTH - 1), st.sampled_from(ALPHABET))
def test_any_one_wrong_character_is_noticed(case_id: bytes, place: int, letter: str) -> None:
    number = CRM.hub_number(case_id)
    wrong = number[:place] + letter + number[place + 1 :]
    assert (read_number(wrong) == number) if wrong == number else (read_number(wrong) is None)


@given(ids, st.integers(0, NUMBER_LENGTH - 1), st.integers(0, NUMBER_LENGTH - 1))
def test_any_two_characters_that_changed_places_are_noticed(case_id: bytes, one: int, two: int) -> None:
    number = CRM.hub_number(case_id)
    letters = list(number)
    letters[one], letters[two] = letters[two], letters[one]
    wrong = "".join(letters)
    assert (read_number(wrong) == number) if wrong == number else (read_number(wrong) is None)


@pytest.mark.parametrize("text", ["", "7K3M9", "U" * 14, "\uff10" * 14, "0" * 15, "0" * 14 + "\n"])
def test_other_text_is_no_number(text: str) -> None:
    assert read_number(text) is None


def test_confusable_letters_are_read_as_the_figures_that_were_meant() -> None:
    number = next(n for n in map(CRM.hub_number, _case_ids()) if "1" in n and "0" in n)
    assert read_number(number.replace("1", "l").replace("0", "o")) == number


def _case_ids() -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(500)]


@given(ids, kinds, ids, readings)
def test_p2_the_same_piece_has_the_same_key_in_every_process(
    case_id: bytes, kind: str, record_id: bytes, reading: int
) -> None:
    again = References(MasterKey(bytes(range(32))), "utility_crm")
    assert again.piece_key(case_id, kind, record_id, reading) == CRM.piece_key(case_id, kind, record_id, reading)
    assert again.hub_number(case_id) == CRM.hub_number(case_id)
    assert again.record_reference(record_id) == CRM.record_reference(record_id)


@given(st.tuples(ids, kinds, ids, readings), st.tuples(ids, kinds, ids, readings))
def test_p2_another_piece_has_another_key(one: tuple, two: tuple) -> None:
    assert (CRM.piece_key(*one) == CRM.piece_key(*two)) == (one == two)


@given(ids, kinds, ids, readings)
def test_p5_two_sinks_have_nothing_in_common(case_id: bytes, kind: str, record_id: bytes, reading: int) -> None:
    ours = {CRM.hub_number(case_id), CRM.piece_key(case_id, kind, record_id, reading), CRM.record_reference(record_id)}
    theirs = {
        OTHER.hub_number(case_id),
        OTHER.piece_key(case_id, kind, record_id, reading),
        OTHER.record_reference(record_id),
    }
    assert len(ours) == len(theirs) == 3
    assert not ours & theirs


@given(ids)
def test_p5_without_the_secret_nothing_can_be_computed(case_id: bytes) -> None:
    guesses = {hashlib.sha256(case_id).hexdigest()[:32], case_id.hex()}
    assert CRM.record_reference(case_id) not in guesses
    assert CRM.piece_key(case_id, "registration") not in guesses
    assert References(MasterKey(bytes(32)), "utility_crm").hub_number(case_id) != CRM.hub_number(case_id)


def test_a_registration_and_a_reading_have_keys_of_their_own() -> None:
    case_id, record_id = bytes(16), bytes([1]) * 16
    keys = {
        CRM.piece_key(case_id, "registration"),
        CRM.piece_key(case_id, "licence.business", record_id),
        CRM.piece_key(case_id, "licence.business", record_id, 1),
        CRM.piece_key(case_id, "licence.property-title", record_id),
    }
    assert len(keys) == 4
    assert all(len(key) == 32 and int(key, 16) >= 0 for key in keys)


@given(st.binary(min_size=16, max_size=16))
def test_p1_every_number_of_the_hub_identifies_its_case(case_id: bytes) -> None:
    """Also one that looks masked, such as 80SP0B4W5XXX2R: otherwise its case would hear of no step."""
    number = References(MASTER, "utility_crm").hub_number(case_id)
    assert identity_of("utility.application-no", number) == ("utility.application-no", number)


@pytest.mark.parametrize("number", ["80SP0B4W5XXX2R", "XX50NP46TJE5NH", "Z8FTAS8B84XX06"])
def test_a_number_that_looks_masked_identifies(number: str) -> None:
    assert identity_of("utility.application-no", number) == ("utility.application-no", number)
