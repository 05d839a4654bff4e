"""A request counts only when a trusted key signed exactly this request, now (P3, P4): RFC 9421, RFC 9530."""

from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.trust import TrustedKey
from hub.web.signatures import structured
from hub.web.signatures.check import CREATED_WITHIN_S, SignatureRefused, check
from hub.web.signatures.message import Message, base
from hub.web.signatures.structured import InnerList, Malformed

NOW_S = 1_800_000_000
BODY = b'{"events":[]}'
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
TRUSTED = {"crm-2026": KEY.public_key().public_bytes_raw()}
COVERED = ("@method", "@authority", "@path", "content-digest")


@dataclass(frozen=True)
class Call:
    """A call that is right; each test changes one thing of it."""

    covered: tuple[str, ...] = COVERED
    created: Any = NOW_S
    key_id: Any = "crm-2026"
    nonce: Any = "0123456789abcdef"
    more: tuple[tuple[str, Any], ...] = ()
    digest: str = f"sha-256={structured.written(sha256(BODY).digest())}"
    key: Ed25519PrivateKey = KEY

    def message(self) -> Message:
        """The signed request."""
        given = {"created": self.created, "nonce": self.nonce, "keyid": self.key_id} | dict(self.more)
        what = InnerList(self.covered, {name: value for name, value in given.items() if value is not None})
        plain = Message("POST", "https", "hub.example", "/steps", "", [("content-digest", self.digest)])
        signature = structured.written(self.key.sign(base(plain, what)))
        added = [("signature-input", f"sig={what.text()}"), ("signature", f"sig={signature}")]
        return plain._replace(headers=[*plain.headers, *added])


def refused(message: Message, body: bytes = BODY, trusted: Any = TRUSTED, now_s: float = NOW_S) -> str:
    with pytest.raises(SignatureRefused) as found:
        check(message, body, trusted, now_s)
    return found.value.code


def test_a_call_that_is_signed_counts() -> None:
    signed = check(Call().message(), BODY, TRUSTED, NOW_S)
    assert (signed.key_id, signed.created_s, signed.nonce) == ("crm-2026", NOW_S, "0123456789abcdef")
    whole = Call(("@method", "@target-uri", "content-digest", "@query", "@scheme"), more=(("alg", "ed25519"),))
    assert check(whole.message(), BODY, TRUSTED, NOW_S).key_id == "crm-2026"


def test_only_blanks_around_a_header_and_folded_lines_are_normalised() -> None:
    """RFC 9421 §2.1: blanks inside a value are the signer's own."""
    nonce = "0123456789  abcdef"
    assert check(Call(nonce=nonce).message(), BODY, TRUSTED, NOW_S).nonce == nonce
    headers = [("x-note", " two  blanks\t"), ("x-note", "a\r\n   fold"), ("x-none", "")]
    message = Message("POST", "https", "hub.example", "/steps", "", headers)
    signed = base(message, InnerList(("x-note", "x-none"), {})).decode().split("\n")
    assert signed[:2] == ['"x-note": two  blanks, a fold', '"x-none": ']


def test_the_example_of_the_standard() -> None:
    """RFC 9421, B.2.6."""
    headers = [("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("content-type", "application/json")]
    message = Message("POST", "https", "example.com", "/foo", "param=1", [*headers, ("content-length", "18")])
    text = (
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    signed = base(message, structured.lists(f"sig-b26={text}")["sig-b26"])
    assert signed.endswith(f'"@signature-params": {text}'.encode())
    key = b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
    value = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    Ed25519PublicKey.from_public_bytes(key).verify(b64decode(value), signed)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"covered": ("@method", "@path", "content-digest")}, "SIGNATURE_COVERS"),
        ({"covered": ("@authority", "@path", "content-digest")}, "SIGNATURE_COVERS"),
        ({"covered": ("@method", "@authority", "@path")}, "SIGNATURE_COVERS"),
        ({"created": NOW_S - CREATED_WITHIN_S - 1}, "SIGNATURE_TIME"),
        ({"created": NOW_S + CREATED_WITHIN_S + 1}, "SIGNATURE_TIME"),
        ({"created": None}, "SIGNATURE_FORM"),
        ({"created": "now"}, "SIGNATURE_FORM"),
        ({"more": (("expires", NOW_S - 1),)}, "SIGNATURE_TIME"),
        ({"more": (("expires", "soon"),)}, "SIGNATURE_FORM"),
        ({"more": (("alg", "hmac-sha256"),)}, "SIGNATURE_FORM"),
        ({"nonce": None}, "SIGNATURE_FORM"),
        ({"nonce": "short"}, "SIGNATURE_FORM"),
        ({"nonce": "n" * 200}, "SIGNATURE_FORM"),
        ({"key_id": None}, "SIGNATURE_FORM"),
        ({"key_id": "k" * 65}, "SIGNATURE_FORM"),
        ({"key_id": "another"}, "SIGNATURE_KEY"),
        ({"key": Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)}, "SIGNATURE_WRONG"),
        ({"digest": f"sha-256={structured.written(bytes(32))}"}, "SIGNATURE_DIGEST"),
        ({"digest": f"md5={structured.written(bytes(16))}"}, "SIGNATURE_DIGEST"),
        ({"digest": "sha-256=abc"}, "SIGNATURE_DIGEST"),
    ],
)
def test_what_is_not_right_is_refused_with_its_code(change: dict[str, Any], code: str) -> None:
    assert refused(replace(Call(), **change).message()) == code


def test_a_signature_is_for_this_request_only() -> None:
    message = Call().message()
    assert refused(message, BODY + b" ") == "SIGNATURE_DIGEST"
    for other in ({"method": "PUT"}, {"host": "other.example"}, {"path": "/other"}):
        assert refused(message._replace(**other)) == "SIGNATURE_WRONG"


def test_a_request_without_a_signature_or_with_several_is_refused() -> None:
    message = Call().message()
    assert refused(message._replace(headers=message.headers[:1])) == "SIGNATURE_MISSING"
    assert refused(message._replace(headers=[*message.headers, *message.headers[1:]])) == "SIGNATURE_FORM"


def test_a_key_signs_on_its_days_only() -> None:
    raw = TRUSTED["crm-2026"]
    for term in ((date(2027, 1, 16), None), (None, date(2027, 1, 14))):  # NOW_S is on 2027-01-15
        assert refused(Call().message(), trusted={"crm-2026": TrustedKey.dated(raw, *term)}) == "SIGNATURE_KEY"
    dated = {"crm-2026": TrustedKey.dated(raw, date(2027, 1, 15), date(2027, 1, 15))}
    assert check(Call().message(), BODY, dated, NOW_S)


def test_an_answer_says_what_is_accepted() -> None:
    answer = SignatureRefused("SIGNATURE_MISSING").answer()
    assert answer.status_code == 401
    assert "content-digest" in answer.headers["accept-signature"]


names = st.from_regex(r"[a-z*][a-z0-9_\-.*]{0,8}", fullmatch=True)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
values = st.one_of(texts, st.integers(-(10**14), 10**14), st.binary(max_size=9), st.just(True))


@given(
    st.dictionaries(
        names, st.builds(InnerList, st.lists(texts, max_size=5), st.dictionaries(names, values)), max_size=3
    )
)
def test_a_list_is_read_as_it_was_written(lists: dict[str, InnerList]) -> None:
    text = ", ".join(f"{name}={one.text()}" for name, one in lists.items())
    if not lists or len(text) > structured.FIELD_CHARACTERS_MAX or any(len(o.parameters) > 16 for o in lists.values()):
        return
    assert structured.lists(text) == {name: InnerList(tuple(o.items), o.parameters) for name, o in lists.items()}


@given(st.one_of(st.text(max_size=60), st.text('a=("\\);:?1, ', max_size=40)))
def test_a_text_is_read_or_refused(text: str) -> None:
    for read in (structured.lists, structured.byte_sequences):
        with suppress(Malformed):
            assert read(text)


@pytest.mark.parametrize(
    "text", ["", "a", "a=()b=()", "a=(),", 'a=("x";p)', "a=(),a=()", 'a=("x""y")', "a=();p=1.5", "é=()"]
)
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        structured.lists(text)
