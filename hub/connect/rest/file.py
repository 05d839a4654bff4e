"""The file of a licence, as a declared service gives it (``FileSpec``): the answer itself, or base64 in JSON."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from hub.connect.places import at
from hub.connect.rest.client import Answer
from hub.connect.rest.spec import FileSpec
from hub.errors import RecordRejected, Unavailable
from hub.ports import Fetched, FileQuery

NONE: Final = (404, 410)
"""Statuses that say that the service has no such file."""
_SHA256_BYTES: Final = 32


def sent(spec: FileSpec, query: FileQuery, name: str) -> Mapping[str, str]:
    """The parameters of the call. Raises ``RecordRejected`` (LOOKUP_INCOMPLETE) when one of them is empty, or the
    service has no word for the purpose."""
    purpose = spec.purposes.get(query.purpose, "") if spec.purposes else query.purpose
    words = {
        "key": query.key,
        "purpose": purpose,
        "legal_basis": query.legal_basis,
        "service_item": query.service_item,
        "business_number": query.business_number,
    }
    if lacking := [word for word in spec.send.values() if not words[word].strip()]:
        raise RecordRejected("LOOKUP_INCOMPLETE", lacking[0], f"{name} is not asked for a file without it")
    return {parameter: words[word] for parameter, word in spec.send.items()}


def fetched(spec: FileSpec, answer: Answer, value: Any) -> Fetched | None:
    """The file in an answer with success, whose content is ``value`` where it is JSON. Raises ``RecordRejected``
    (FILE_DIGEST), ``Unavailable`` for what is no base64."""
    if not spec.content:
        return Fetched(answer.body, _digest(answer.headers.get(spec.digest.lower()) if spec.digest else None))
    text = at(value, spec.content)
    if not text:
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Unavailable("the file in the answer is no base64") from None
    return Fetched(content, _digest(at(value, spec.digest) if spec.digest else None))


def _digest(text: Any) -> bytes | None:
    """A SHA-256 as services write it: hexadecimal, base64, or as in RFC 9530 (``sha-256=:…:``).

    >>> _digest("sha-256=:" + "A" * 43 + "=:") == _digest("00" * 32) == bytes(32)
    True
    """
    if text in (None, ""):
        return None
    word = str(text).strip().removeprefix("sha-256=:").removesuffix(":")
    for read in (bytes.fromhex, _base64):
        try:
            found = read(word)
        except ValueError:
            continue
        if len(found) == _SHA256_BYTES:
            return found
    raise RecordRejected("FILE_DIGEST")


def _base64(word: str) -> bytes:
    return base64.b64decode(word, validate=True)
