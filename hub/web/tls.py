"""TLS of the API by settings: certificate, key, and the authority of the callers' certificates."""

import ssl
from pathlib import Path
from typing import Any, Final

from hub.errors import Misconfigured
from hub.logging import get_logger
from hub.settings import WebSettings

LEAST: Final = ssl.TLSVersion.TLSv1_2

log = get_logger("web")


def context(settings: WebSettings) -> ssl.SSLContext | None:
    """The server's context; ``None`` without a certificate. With ``client_ca_file`` every caller must have a
    certificate of that authority. Renewed files are read at the next handshake and used from the one after it; an
    authority that was removed from its file is trusted until the hub starts again.

    Raises ``Misconfigured`` when a file is missing or cannot be used."""
    if settings.cert_file is None:
        if settings.key_file or settings.client_ca_file:
            raise Misconfigured("web.key_file or web.client_ca_file without web.cert_file", "set web.cert_file too")
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = LEAST
    files = [file for file in (settings.cert_file, settings.key_file, settings.client_ca_file) if file]
    _load(made, settings)
    if settings.client_ca_file:
        made.verify_mode = ssl.CERT_REQUIRED
    seen = _changed_at(files)

    def look(_socket: Any, _name: Any, _context: ssl.SSLContext) -> None:
        nonlocal seen
        if (now := _changed_at(files)) == seen:
            return
        seen = now
        try:
            _load(made, settings)
            log.info("renewed certificate files were read")
        except Misconfigured as error:
            log.error("renewed certificate files cannot be used", reason=str(error))

    made.sni_callback = look
    return made


def _load(made: ssl.SSLContext, settings: WebSettings) -> None:
    password = settings.key_password.get_secret_value() if settings.key_password else ""
    try:
        # With a text as password, OpenSSL never asks on the terminal.
        made.load_cert_chain(str(settings.cert_file), settings.key_file, password)
        if settings.client_ca_file:
            made.load_verify_locations(settings.client_ca_file)
    except OSError as error:  # ssl.SSLError is one
        what = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise Misconfigured(
            f"the certificate files of the API cannot be used ({what})",
            "web.cert_file is a PEM chain, web.key_file its key, web.client_ca_file an authority",
        ) from None


def _changed_at(files: list[Path]) -> list[int]:
    return [file.stat().st_mtime_ns if file.exists() else 0 for file in files]
