"""A sample that anyone can draw again."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from hub.audit import sample

IDS = st.lists(st.binary(min_size=16, max_size=16), unique=True).map(sorted)


@given(ids=IDS, seed=st.text(max_size=20), count=st.integers(1, 20))
def test_the_first_ones_by_sha_256_of_seed_and_id_are_drawn(ids: list[bytes], seed: str, count: int) -> None:
    def rank(one: bytes) -> bytes:
        return sha256(seed.encode() + b"\n" + one.hex().encode()).digest()

    drawn = sample.draw(iter(ids), seed, count)
    assert drawn.drawn == sorted(ids, key=rank)[:count]
    assert (drawn.of, drawn.digest) == (len(ids), sha256(b"".join(ids)).hexdigest())


def test_another_seed_draws_other_cases_and_a_missing_case_changes_the_digest() -> None:
    ids = [bytes([n]) * 16 for n in range(200)]
    assert set(sample.draw(ids, "one", 20).drawn) != set(sample.draw(ids, "two", 20).drawn)
    assert sample.draw(ids, "one", 20).digest != sample.draw(ids[1:], "one", 20).digest
