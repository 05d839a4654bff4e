"""The manifest of a batch: what its file holds, and the sender's signature (Ed25519, RFC 8032) over it.

The signed text has eleven lines, so that any program can make it: the first names the format, the others are the
manifest's members in the order of the class. The signature covers the file by its SHA-256.
"""

import json
from base64 import b64decode
from datetime import datetime
from functools import cached_property
from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from hub.connect.frozen import Frozen
from hub.connect.trust import TrustedKeys, trusted_key
from hub.errors import Misconfigured

SUFFIX = ".manifest.json"
MANIFEST_BYTES_MAX = 16_384
FILE_BYTES_MAX = 268_435_456
"""Bytes of the file of one batch."""
ROWS_MAX = 1_000_000
"""Rows of one batch."""
SEQUENCE_MAX = 2**53
Form = Literal["jsonl", "csv", "xlsx", "xml"]
_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=200)]
_FORMAT = "onecert-batch-v1"
_TIME: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)


class Unfinished(Exception):
    """A manifest that is no JSON object: it may still be being written."""


class Manifest(Frozen):
    """One batch. ``file`` is a name in the same folder; ``packed``: it is a zip archive with that one file in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, alias_generator=to_camel)

    format: Literal["onecert-batch-v1"]
    sender: _Word = Field(description="Who sends, as the hub's setting `sender` names it.")
    sequence: Annotated[int, Field(ge=1, le=SEQUENCE_MAX)] = Field(description="1, 2, 3, … without a gap.")
    file: _Word = Field(description="The file with the rows, beside the manifest.")
    packed: Literal["none", "zip"] = Field(description="zip: an archive that holds the one file with the rows.")
    form: Form = Field(description="jsonl, csv, xlsx or xml.")
    encoding: Literal["utf-8", "gb18030"] = Field(description="Of the text; of a spreadsheet utf-8.")
    rows: Annotated[int, Field(ge=0, le=ROWS_MAX)] = Field(description="How many rows the file has.")
    size: Annotated[int, Field(ge=0, le=FILE_BYTES_MAX)] = Field(
        alias="bytes", description="How many bytes `file` has."
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(description="Over the bytes of `file`.")
    made_at: str = Field(max_length=40, description="When the batch was made: ISO 8601 with an offset.")
    key_id: _Word = Field(description="Which key signed.")
    signature: Annotated[str, Field(max_length=100)] = Field(description="Ed25519 over the lines above, Base64.")

    @field_validator("made_at")
    @classmethod
    def _is_a_moment(cls, text: str) -> str:
        _TIME.validate_python(text, strict=False)
        return text

    @cached_property
    def made(self) -> datetime:
        """When the batch was made."""
        return _TIME.validate_python(self.made_at, strict=False)

    def message(self) -> bytes:
        """The signed bytes."""
        told = (self.sender, self.sequence, self.file, self.packed, self.form, self.encoding)
        lines = (_FORMAT, *told, self.rows, self.size, self.sha256, self.made_at)
        return "\n".join(map(str, lines)).encode()


def read_manifest(data: bytes) -> Manifest:
    """Raises ``Unfinished``, and ``ValueError`` with the member that is wrong, never with its value."""
    try:
        given = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unfinished from None
    try:
        return Manifest.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def check_manifest(manifest: Manifest, sender: str, trusted: TrustedKeys) -> None:
    """Check who made it. Raises ``Misconfigured`` with what a person has to do: nothing of the batch is taken."""
    name = f"batch {manifest.sequence}"
    if manifest.sender != sender:
        raise Misconfigured(f"{name} is of another sender", "take it out of the folder, or correct the setting sender")
    key = trusted_key(trusted, manifest.key_id, manifest.made_at, f"{name} is signed", "sender")
    try:
        signature = b64decode(manifest.signature, validate=True)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, manifest.message())
    except (InvalidSignature, ValueError):
        raise Misconfigured(f"{name}: the signature is not valid", "ask its sender to send it again") from None
