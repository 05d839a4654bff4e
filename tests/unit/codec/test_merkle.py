"""Merkle trees: the base of P4 (nothing is quietly changed)."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from hub.codec import merkle


def reference_root(leaves: list[bytes]) -> bytes:
    """The recursive definition, word for word from RFC 9162 §2.1.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + reference_root(leaves[:split]) + reference_root(leaves[split:])).digest()


leaf_lists = st.lists(st.binary(min_size=32, max_size=32), max_size=40)


@given(leaf_lists)
def test_p4_root_is_the_recursive_definition(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == reference_root(leaves)


@given(leaf_lists)
def test_p4_every_path_leads_to_the_root(leaves: list[bytes]) -> None:
    for index, path in enumerate(merkle.paths(leaves)):
        assert merkle.root_from_path(leaves[index], index, len(leaves), path) == merkle.root(leaves)


@given(leaf_lists.filter(lambda x: len(x) > 1), st.data())
def test_p4_a_path_for_another_place_or_leaf_does_not_hold(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = merkle.paths(leaves)[index]
    other = bytes(32 - len(b"x")) + b"x"
    if leaves[index] != other:
        assert merkle.root_from_path(other, index, len(leaves), path) != merkle.root(leaves)
    assert merkle.root_from_path(leaves[index], index, len(leaves), [*path, other]) is None
    assert merkle.root_from_path(leaves[index], len(leaves), len(leaves), path) is None
