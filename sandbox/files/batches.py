"""Signed batches: a file and its manifest, written one after the other, each under another name first."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.files.forms import FORMS, Row, zipped

SENDER = "120104-bdc"
_FORMAT = "onecert-batch-v1"
_SIGNED = ("sender", "sequence", "file", "packed", "form", "encoding", "rows", "bytes", "sha256", "madeAt")


class BatchSigner:
    """A district's Ed25519 key, made from the seed: a secret of a world that does not exist."""

    def __init__(self, seed: int, name: str = "district") -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(sha256(f"onecert sandbox {name} key {seed}".encode()).digest())
        self.key_id = f"{name}-{seed}"

    @property
    def public_key(self) -> str:
        """Base64 of the raw public key."""
        return base64.b64encode(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def signed(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """The manifest with the id of the key and the signature."""
        message = "\n".join([_FORMAT, *(str(manifest[name]) for name in _SIGNED)])
        signature = base64.b64encode(self._key.sign(message.encode())).decode()
        return {"format": _FORMAT, **manifest, "keyId": self.key_id, "signature": signature}


def write(
    folder: Path,
    signer: BatchSigner,
    sequence: int,
    rows: Sequence[Row],
    *,
    form: str,
    made_at: str,
    encoding: str = "utf-8",
    packed: bool = False,
    data: bytes | None = None,
    sender: str = SENDER,
) -> Path:
    """Write one batch; returns its manifest. ``data``: the file's bytes, instead of those of ``rows``."""
    name = f"titles-{sequence:06d}.{form}"
    content = FORMS[form](rows, encoding) if data is None else data
    if packed:
        content, name = zipped({name: content}), f"{name}.zip"
    manifest = {
        **{"sender": sender, "sequence": sequence, "file": name, "packed": "zip" if packed else "none", "form": form},
        **{"encoding": encoding, "rows": len(rows), "bytes": len(content)},
        **{"sha256": sha256(content).hexdigest(), "madeAt": made_at},
    }
    _put(folder / name, content)
    file = folder / f"titles-{sequence:06d}.manifest.json"
    _put(file, json.dumps(signer.signed(manifest), indent=1).encode())
    return file


def _put(file: Path, content: bytes) -> None:
    """Write under another name, then rename: a reader sees the whole file or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.part")
    fresh.write_bytes(content)
    fresh.replace(file)
