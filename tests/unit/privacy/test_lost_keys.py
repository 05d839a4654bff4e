"""A subject without a key, and one whose key is damaged: a fault of the records that need it, never of the batch (P1,
P5)."""

from collections.abc import Sequence

import pytest
from sqlalchemy import update

from hub.codec import wire
from hub.errors import RecordRejected, TamperDetected, Unavailable
from hub.ports import DamagedKey, Fault, SourceRow
from hub.privacy.opening import Opener
from hub.privacy.sealing import SealedRow, Sealer
from hub.privacy.tables import data_key
from hub.privacy.vault import DatabaseVault
from tests import samples

TITLES = samples.Info("property_title", "licence.property-title")
LICENCES = samples.Info("business_licence", "licence.business")
NOW_MS = 1_700_000_000_000


@pytest.fixture
def sealer(vault: DatabaseVault) -> Sealer:
    return Sealer(vault, b"k" * 32)


@pytest.fixture
def opener(vault: DatabaseVault) -> Opener:
    return Opener(vault)


def title() -> SourceRow:
    record = samples.title()
    return SourceRow(record["source"]["key"], record["source"]["version"], b"raw bytes", record)


def licence() -> SourceRow:
    record = samples.business()
    return SourceRow(record["source"]["key"], record["source"]["version"], b"raw bytes", record)


def damage(vault: DatabaseVault, subject: bytes) -> None:
    with vault._store.write() as connection:
        changed = update(data_key).where(data_key.c.id == subject).values(wrapped=bytes(60))
        assert connection.execute(changed).rowcount == 1
    vault._cache.keys.clear()


def person_of(vault: DatabaseVault) -> bytes:
    (person,) = vault.find([("person", samples.PERSON)])
    assert person is not None
    return person


def seal_both(sealer: Sealer) -> tuple[SealedRow, SealedRow]:
    """A title of a person and an enterprise, and the licence of the enterprise."""
    return sealer.seal_page(TITLES, [title()], NOW_MS)[0], sealer.seal_page(LICENCES, [licence()], NOW_MS)[0]


def test_p1_a_damaged_key_closes_the_records_that_need_it_and_no_other(
    sealer: Sealer, opener: Opener, vault: DatabaseVault
) -> None:
    sealed = seal_both(sealer)
    damage(vault, person_of(vault))
    closed, other = opener.open([one.value for one in sealed])
    assert closed.problem == Fault("KEY_DAMAGED")
    assert closed.record is None
    assert other.problem is None


def test_p5_erased_weighs_more_than_damaged(sealer: Sealer, opener: Opener, vault: DatabaseVault) -> None:
    value = seal_both(sealer)[0].value
    subjects = {part["subject_id"] for part in wire.decode(value)[1]["parts"]}
    person = person_of(vault)
    damage(vault, (subjects - {person}).pop())
    vault.erase(person)
    assert opener.open([value])[0].problem == Fault("ERASED")


def test_p1_a_row_about_a_subject_whose_key_is_damaged_is_sealed_as_unreadable(
    sealer: Sealer, opener: Opener, vault: DatabaseVault
) -> None:
    before = seal_both(sealer)[0]
    damage(vault, person_of(vault))
    sealed = [*sealer.seal_page(TITLES, [title()], NOW_MS), *sealer.seal_page(LICENCES, [licence()], NOW_MS)]
    assert [one.readable for one in sealed] == [False, True]
    assert (sealed[0].record_id, sealed[0].row_id) == (before.record_id, before.row_id)
    closed, other = opener.open([one.value for one in sealed])
    assert (closed.problem, other.problem) == (Fault("KEY_DAMAGED"), None)
    original = opener.open_unreadable(closed.envelope)
    assert original is not None
    assert original.raw == b"raw bytes"


def test_p1_a_source_whose_own_key_is_damaged_goes_on_under_another(
    sealer: Sealer, opener: Opener, vault: DatabaseVault
) -> None:
    bad = SourceRow("B9", 3, b"?", None, (Fault("UNREADABLE"),))
    first = sealer.seal_page(LICENCES, [bad], NOW_MS)[0]
    damage(vault, wire.decode(first.value)[1]["subject_id"])
    second = sealer.seal_page(LICENCES, [bad], NOW_MS)[0]
    (opened,) = opener.open([second.value])
    original = opener.open_unreadable(opened.envelope)
    assert original is not None
    assert original.raw == b"?"
    with pytest.raises(TamperDetected):
        opener.open_unreadable(opener.open([first.value])[0].envelope)


class Interrupted:
    """A vault whose subject is erased between the questions for ids and for keys, so many times."""

    def __init__(self, vault: DatabaseVault, times: int) -> None:
        self._vault = vault
        self.identify, self.open_keys = vault.identify, vault.open_keys
        self.find, self.erase, self.close = vault.find, vault.erase, vault.close
        self.times = times

    def keys(self, ids: Sequence[bytes]) -> list[bytes | DamagedKey | None]:
        if self.times:
            self.times -= 1
            self._vault.erase(person_of(self._vault))
        return self._vault.keys(ids)


def test_p5_a_subject_that_is_erased_while_a_row_about_it_is_sealed_is_a_new_one(
    vault: DatabaseVault, opener: Opener
) -> None:
    sealer = Sealer(Interrupted(vault, 1), b"k" * 32)
    sealed = sealer.seal_page(TITLES, [title(), title()], NOW_MS)
    opened = opener.open([one.value for one in sealed])
    assert [one.problem for one in opened] == [None, None]
    assert person_of(vault) in {part["subject_id"] for part in opened[0].envelope["parts"]}


def test_p1_erasing_without_end_holds_the_page_back(vault: DatabaseVault) -> None:
    with pytest.raises(Unavailable):
        Sealer(Interrupted(vault, 100), b"k" * 32).seal_page(TITLES, [title()], NOW_MS)


def test_values_of_one_subject_fail_beside_those_of_another(
    sealer: Sealer, opener: Opener, vault: DatabaseVault
) -> None:
    ids = vault.identify([("person", str(number)) for number in range(3)])
    sealed = sealer.seal_values([(one, b"words") for one in ids])
    values = [one for one in sealed if isinstance(one, bytes)]
    assert len(values) == 3
    damage(vault, ids[0])
    vault.erase(ids[1])
    faults = [Fault("KEY_DAMAGED"), Fault("ERASED")]
    assert opener.open_values(list(zip(ids, values, strict=True))) == [*faults, b"words"]
    assert sealer.seal_values([(one, b"more") for one in ids])[:2] == faults
    for one, code in zip(ids, ("KEY_DAMAGED", "ERASED"), strict=False):
        with pytest.raises(RecordRejected, match=code):
            sealer.seal_value(one, b"more")
    with pytest.raises(TamperDetected):
        opener.open_value(ids[0], values[0])
    assert opener.open_value(ids[1], values[1]) is None
