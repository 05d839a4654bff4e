"""The file of a licence in an answer: base64 in JSON or the answer itself, with the service's own codes."""

import base64
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connect.rest import file
from hub.connect.rest.client import Answer
from hub.connect.rest.spec import FileSpec
from hub.errors import RecordRejected, Unavailable
from hub.ports import FileQuery

CONTENT = b"a file"
DIGEST = sha256(CONTENT).digest()
TEXT, SUM = base64.b64encode(CONTENT).decode(), DIGEST.hex()
IN_JSON = FileSpec(path="/f", send={"id": "key"}, content="data.file", digest="data.sum")
ITSELF = FileSpec(path="/f", send={"id": "key"}, digest="X-Sum")


def told(content: Any = TEXT, digest: Any = SUM) -> dict[str, Any]:
    return {"data": {"file": content, "sum": digest}}


@pytest.mark.parametrize("digest", [DIGEST.hex(), DIGEST.hex().upper(), base64.b64encode(DIGEST).decode()])
def test_a_digest_is_read_as_services_write_it(digest: str) -> None:
    assert file.fetched(IN_JSON, Answer(200, b""), told(digest=digest)) == (CONTENT, DIGEST)
    assert file.fetched(ITSELF, Answer(200, CONTENT, None, {"x-sum": digest}), None) == (CONTENT, DIGEST)


def test_a_source_that_states_no_digest_gives_a_file_all_the_same() -> None:
    assert file.fetched(IN_JSON, Answer(200, b""), told(digest=None)) == (CONTENT, None)
    assert file.fetched(ITSELF, Answer(200, CONTENT), None) == (CONTENT, None)


@pytest.mark.parametrize("digest", ["md5", "00" * 31, 7, "é" * 64])
def test_a_digest_that_cannot_be_read_is_no_digest(digest: Any) -> None:
    with pytest.raises(RecordRejected, match="FILE_DIGEST"):
        file.fetched(IN_JSON, Answer(200, b""), told(digest=digest))


@pytest.mark.parametrize("value", [{}, {"data": None}, told(content=None), told(content="")])
def test_an_answer_without_a_file_says_that_there_is_none(value: Any) -> None:
    assert file.fetched(IN_JSON, Answer(200, b""), value) is None


@given(st.one_of(st.integers(1), st.lists(st.integers(), min_size=1), st.text(min_size=1)))
def test_what_is_no_base64_is_asked_for_again(content: Any) -> None:
    try:
        found = file.fetched(IN_JSON, Answer(200, b""), told(content=content, digest=None))
    except Unavailable:
        return
    assert found is not None and base64.b64encode(found.content).decode() == content


def test_only_what_is_declared_is_sent_and_nothing_of_it_is_empty() -> None:
    spec = FileSpec(path="/f", send={"id": "key", "why": "purpose"}, purposes={"p": "P01"})
    assert file.sent(spec, FileQuery("K", "p", "b"), "s") == {"id": "K", "why": "P01"}
    with pytest.raises(RecordRejected, match="LOOKUP_INCOMPLETE purpose"):
        file.sent(spec, FileQuery("K", "other", "b"), "s")
    with pytest.raises(ValidationError, match="nothing is called 'ticket'"):
        FileSpec(path="/f", send={"t": "ticket"})
