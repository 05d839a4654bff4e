"""Why a call to an outside system failed, for the person who must act: TLS, names, addresses, and answers that are not
HTTP, each with its own words.

``Misconfigured`` with a remedy: the call cannot work before a person changes something, and nothing was sent.
``Unavailable``: it may work later, or its outcome is unknown. Both messages name the setting. They hold no path, query
or header, because these may contain identifiers (P5).
"""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import httpcore

from hub.errors import HubError, Misconfigured, NotSent, Unavailable

# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_NOT_YET, _EXPIRED = 9, 10
_UNTRUSTED: Final = (2, 18, 19, 20, 21, 24, 27)
_OTHER_HOST: Final = (62, 63, 64)
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER")
_REFUSES_US: Final = ("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_CERTIFICATE")
_NO_ROUTE: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_OWN_LIMITS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM)
_CLOSED: Final = (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED)
_BEFORE_IT: Final = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
"""Failures before the first byte of a call."""


def explained(system: str, error: BaseException) -> HubError:
    """The error to raise for the failed call ``error`` (of ``httpcore``, or the operating system's own) to the
    connector ``system``. ``NotSent`` when there was no connection."""
    found = _explained(system, error)
    if isinstance(found, Unavailable) and isinstance(error, _BEFORE_IT):
        return NotSent(str(found), found.retry_after_s)
    return found


def _explained(system: str, error: BaseException) -> HubError:
    chain = list(_chain(error))
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return _certificate(system, one)
        if isinstance(one, ssl.SSLError):
            return _tls(system, one, connecting=isinstance(error, httpcore.ConnectError))
    if isinstance(error, httpcore.LocalProtocolError):
        return Misconfigured(
            f"{system}: a header of the call is not valid HTTP",
            f"look for a line break or a character that is not ASCII in the secrets of connectors.{system}",
        )
    if isinstance(error, httpcore.RemoteProtocolError):
        return _no_http(system, str(error))
    return Unavailable(f"{system}: {_words(system, error, chain)}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _certificate(system: str, error: ssl.SSLCertVerificationError) -> Misconfigured:
    code, url = error.verify_code, f"connectors.{system}.url"
    if code in (_EXPIRED, _NOT_YET):
        what = "has expired" if code == _EXPIRED else "is not valid yet"
        return Misconfigured(
            f"{system}: the certificate of the system {what}",
            "its owner must renew it; if it is right, correct the clock of this machine",
        )
    if code in _OTHER_HOST:
        return Misconfigured(
            f"{system}: the certificate of the system is for another host", f"set {url} to a host that it names"
        )
    if code in _UNTRUSTED:
        return Misconfigured(
            f"{system}: this machine does not trust the issuer of the system's certificate ({error.verify_message})",
            f"verify it with the system's owner, then set connectors.{system}.ca_file to the issuer's certificate",
        )
    return Misconfigured(
        f"{system}: the certificate of the system is not accepted ({error.verify_message})",
        "its owner must replace it",
    )


def _tls(system: str, error: ssl.SSLError, connecting: bool) -> HubError:
    """``connecting``: the handshake failed, so nothing was sent."""
    reason = (error.reason or type(error).__name__).upper().replace(" ", "_")
    if any(sign in reason for sign in _REFUSES_US):
        return Misconfigured(
            f"{system}: the system does not accept our TLS certificate, or wants one ({reason})",
            "set client_certificate and client_key, where the source declares `auth.certificate`; otherwise ask its "
            "owner for access without one",
        )
    if not connecting or isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or "EOF" in reason:
        return Unavailable(f"{system}: the TLS connection broke ({reason})")
    if any(sign in reason for sign in _NO_TLS):
        return Misconfigured(
            f"{system}: TLS was begun and the port speaks no TLS ({reason})",
            f"set connectors.{system}.url to the system's TLS port",
        )
    return Misconfigured(
        f"{system}: the system and this machine do not agree on TLS ({reason})",
        "compare the versions of TLS that both allow; its owner may have to allow TLS 1.2 or 1.3",
    )


def _no_http(system: str, said: str) -> Unavailable:
    if "disconnected" in said or "closed connection" in said:
        return Unavailable(f"{system}: the system closed the connection before its answer was complete")
    return Unavailable(
        f"{system}: the answer is no HTTP; see host and port of connectors.{system}.url, "
        "which begins with https:// for a port with TLS"
    )


def _words(system: str, error: BaseException, chain: list[BaseException]) -> str:
    """What happened on the network, with what to look at."""
    url = f"connectors.{system}.url"
    for one in chain:
        if isinstance(one, socket.gaierror):
            later = one.errno == socket.EAI_AGAIN
            known = "the name service (DNS) does not answer" if later else "the host's name is not known (DNS)"
            return f"{known}; see {url} and the DNS of this machine"
        if isinstance(one, OSError) and (words := _of_number(one.errno, url)):
            return words
    if isinstance(error, httpcore.TimeoutException):
        return _late(system, error)
    return f"no connection ({type(error).__name__})"


def _of_number(number: int | None, url: str) -> str:
    if number == errno.ECONNREFUSED:
        return f"the connection is refused: no program listens at host and port of {url}, or a firewall refuses"
    if number in _NO_ROUTE:
        return f"there is no route to the host of {url}; see this machine's network"
    if number in _OWN_LIMITS:
        return f"this machine has no more files or memory for a connection (errno {number})"
    if number in _FORBIDDEN:
        return "this machine does not permit the connection; see its firewall"
    return "the system closed the connection" if number in _CLOSED else ""


def _late(system: str, error: httpcore.TimeoutException) -> str:
    if isinstance(error, httpcore.PoolTimeout):
        return "all our connections to it are busy (PoolTimeout)"
    if isinstance(error, httpcore.ConnectTimeout):
        return f"no connection in time (ConnectTimeout); see connectors.{system}.url and firewalls"
    return f"no complete answer in time ({type(error).__name__})"
