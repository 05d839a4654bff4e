"""TLS of a connector: the authorities that it trusts, and its own certificate where the service asks for one."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from hub.errors import Misconfigured
from hub.logging import get_logger

T = TypeVar("T")
_CA, _OWN, _KEY = "ca_file", "client_certificate", "client_key"
log = get_logger("connect")


class Tls:
    """TLS that trusts the certificates in ``ca_file``, or the machine's, and shows our ``certificate`` (file, file of
    its key; both "" for none).

    A file that was changed is read again; what is no longer in ``ca_file`` is trusted until the connector is opened
    again. Raises ``Misconfigured``.
    """

    def __init__(self, name: str, ca_file: str, certificate: tuple[str, str] = ("", "")) -> None:
        self._name = name
        given = zip((_CA, _OWN, _KEY), (ca_file, *certificate), strict=True)
        self._files = {setting: Path(file) for setting, file in given if file}
        self._read_ns = self._changed_ns()
        # With a file of authorities, those of the machine are not trusted.
        self.context = self._using(_CA, lambda: ssl.create_default_context(cafile=self._files.get(_CA)))
        self._show_own()

    def look(self) -> None:
        """Read the files again if one was changed. One that cannot be used is told, and changes nothing."""
        changed_ns = self._changed_ns()
        if changed_ns == self._read_ns:
            return
        self._read_ns = changed_ns
        try:
            if _CA in self._files:
                self._using(_CA, lambda: self.context.load_verify_locations(self._files[_CA]))
            self._show_own()
        except Misconfigured as unusable:
            log.error("a renewed file cannot be used", reason=str(unusable))

    def _show_own(self) -> None:
        if _OWN in self._files:
            # A password would be asked for at the terminal of a service.
            self._using(
                _OWN,
                lambda: self.context.load_cert_chain(self._files[_OWN], self._files.get(_KEY), password=lambda: b""),
            )

    def _changed_ns(self) -> tuple[int, ...]:
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in self._files.values())

    def _using(self, setting: str, load: Callable[[], T]) -> T:
        """Raises ``Misconfigured`` with the setting whose file cannot be used."""
        try:
            return load()
        except (OSError, ValueError) as error:
            raise self._unusable(setting, error) from None

    def _unusable(self, setting: str, error: Exception) -> Misconfigured:
        missing = isinstance(error, OSError) and not isinstance(error, ssl.SSLError)
        where = f"connectors.{self._name}.{setting}"
        if setting == _CA:
            why = f"cannot be read ({getattr(error, 'strerror', '')})" if missing else "holds no certificate"
            return Misconfigured(f"{where} {why}", "name a PEM file with the issuer's certificate")
        why = f"or its key cannot be read ({getattr(error, 'strerror', '')})" if missing else "and its key do not fit"
        return Misconfigured(f"{where} {why}", "name PEM files with our certificate and its key, without a password")
