"""Trusted keys of the settings, with their days."""

import base64
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.connect.trust import TrustedKey, counts, trusted_keys_of
from hub.errors import Misconfigured

RAW = Encoding.Raw, PublicFormat.Raw
PUBLIC, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n] * 32)).public_key().public_bytes(*RAW) for n in (1, 2))
TEXT, NEXT = base64.b64encode(PUBLIC).decode(), base64.b64encode(OTHER).decode()


def test_keys_come_from_the_settings_and_may_have_days() -> None:
    found = trusted_keys_of(
        {"key_id": "k1", "public_key": TEXT, "public_keys": f"k2={NEXT}@2026-11-01..2027-10-31 k1={TEXT}@..2026-11-30"}
    )
    assert found == {"k1": PUBLIC, "k2": OTHER}
    assert [isinstance(key, TrustedKey) and key.term for key in found.values()] == [
        "..2026-11-30",
        "2026-11-01..2027-10-31",
    ]
    overlap = [counts(found[key_id], "2026-11-15T09:00:00+08:00") for key_id in ("k1", "k2")]
    assert overlap == [True, True]
    assert trusted_keys_of({}) == {}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("k2=AAAA", "is not an Ed25519 key"),
        (f"k2={NEXT}@tomorrow..", "days of the public key 'k2' cannot be read"),
        (f"k2={NEXT}@2026-11-01", "days of the public key 'k2' cannot be read"),
        (f"k2={NEXT}@2026-11-02..2026-11-01", "end before they begin"),
        (f"k1={NEXT}", "two public keys have the id 'k1'"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(words: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=told):
        trusted_keys_of({"key_id": "k1", "public_key": TEXT, "public_keys": words})


@pytest.mark.parametrize("signed_at", ["", "soon", "2026-13-01"])
def test_p4_a_time_that_cannot_be_read_is_on_no_day(signed_at: str) -> None:
    assert not counts(TrustedKey.dated(PUBLIC, date.min, None), signed_at)
