"""A check before a client is made: does a broker answer, and does it accept our credentials?

The driver's clients hide why a first connection failed, and report the failure only after a long time.
"""

import ssl
from collections.abc import Mapping
from typing import Any

from kafka import errors
from kafka.future import Future
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from hub.errors import HubError, Misconfigured, Unavailable

WAIT_MS = 5_000


class Disconnected(errors.KafkaError):  # type: ignore[misc]
    """The broker answered, then closed the connection after it had received our credentials."""


def check_connection(options: Mapping[str, Any]) -> None:
    """Connect to the brokers of ``options`` and return when one has accepted the credentials.

    Raises ``Misconfigured`` when one refuses our certificate, name or password, ``Unavailable`` when none answers
    within five seconds.
    """
    try:
        try:
            _try(options)
        except Disconnected:
            # Once may be a broker that stops at this moment. Twice means that it refuses us.
            _try(options)
    except HubError:
        raise
    except Exception as error:  # the driver's own, the network's, the certificates'
        raise _explained(error, options) from error


def _try(options: Mapping[str, Any]) -> None:
    net = NetworkSelector()
    manager = KafkaConnectionManager(net, **options)
    try:
        manager.run(_first, manager)
    finally:
        manager.close()
        net.close()


async def _first(manager: Any) -> None:
    """Return when one broker has answered. When all fail, raises an error for the operator if there is one, otherwise
    the last error."""
    nodes = [broker.node_id for broker in manager.cluster.bootstrap_brokers()]
    answer, failures = Future(), []

    def failed(error: BaseException) -> None:
        failures.append(error)
        if len(failures) == len(nodes) and not answer.is_done:
            answer.failure(next(filter(_for_the_operator, failures), error))

    def succeeded(_: object) -> None:
        if not answer.is_done:
            answer.success(None)

    for node in nodes:
        manager.call_soon(_enter, manager, node).add_callback(succeeded).add_errback(failed)
    await manager.wait_for(answer, WAIT_MS)


async def _enter(manager: Any, node: str) -> None:
    """Connect, authenticate, and send a request that only an authenticated client may send."""
    connection = manager.get_connection(node, timeout_ms=WAIT_MS, refresh_metadata_on_err=False)
    try:
        await connection
        await connection.send_request(manager.cluster.metadata_request(), request_timeout_ms=WAIT_MS)
    except errors.KafkaConnectionError as error:
        # The driver loses a refusal that arrives together with the end of the connection.
        if _tls(error) is None and connection.broker_version_data is not None:
            raise Disconnected from error
        raise


_CREDENTIALS = "see kafka.security_protocol and sasl_mechanism, and kafka.user and password, or token_file"
_REFUSED = (
    errors.SaslAuthenticationFailedError
    | errors.UnsupportedSaslMechanismError
    | errors.IllegalSaslStateError
    | errors.AuthorizationError
    | Disconnected
)


def _for_the_operator(error: BaseException) -> bool:
    return isinstance(error, _REFUSED | HubError) or _tls(error) is not None


def _tls(error: BaseException) -> ssl.SSLError | None:
    """The TLS error inside the driver's own error, or ``None``."""
    return next((one for one in (error.__context__, *error.args) if isinstance(one, ssl.SSLError)), None)


def _explained(error: Exception, options: Mapping[str, Any]) -> HubError:
    place, protocol = ",".join(options["bootstrap_servers"]), options["security_protocol"]
    tls = _tls(error)
    if isinstance(tls, ssl.SSLCertVerificationError):
        return Misconfigured(
            f"the certificate of {place} is not to be trusted ({tls.verify_message})",
            "set kafka.ca_file to the certificate of its issuer, and log_url to a host that it names",
        )
    if tls is not None:
        return Misconfigured(
            f"{place} and the hub do not agree on TLS ({tls.reason})",
            "see kafka.security_protocol, and kafka.cert_file where the broker asks for one",
        )
    if isinstance(error, _REFUSED):
        mechanism = options.get("sasl_mechanism") or "no credentials"
        return Misconfigured(f"{place} refuses {protocol} with {mechanism} ({type(error).__name__})", _CREDENTIALS)
    return Unavailable(f"no broker answers at {place} by {protocol} ({error})")
