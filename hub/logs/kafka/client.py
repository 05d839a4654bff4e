"""Shared by all Kafka clients of the hub: time-outs, and the translation of the driver's errors."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka import errors

from hub.errors import Fenced, HubError, Misconfigured, Reassigned, Unavailable

T = TypeVar("T")
WAIT_S = 20.0
"""Longest wait for one call or one whole transaction, seconds. The broker ends a transaction after 15 s."""
TIMES = {"request_timeout_ms": 10_000, "reconnect_backoff_max_ms": 1_000}
"""A request ends before ``WAIT_S``, so that there is time to connect again. A broker that is back is noticed within a
second."""

_REPLACED = (errors.ProducerFencedError, errors.InvalidProducerEpochError, errors.FencedInstanceIdError)
_REASSIGNED = (
    errors.CommitFailedError,
    errors.IllegalGenerationError,
    errors.UnknownMemberIdError,
    errors.RebalanceInProgressError,
)
_FOR_THE_OPERATOR = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.KafkaConfigurationError,
    errors.UnsupportedVersionError,
)


class Replaced(Fenced):
    """Another process uses the same name or id, or the broker ended our transaction. Join again."""


@contextmanager
def translated() -> Iterator[None]:
    """Raise the driver's errors as ours: ``Replaced``, ``Reassigned`` or ``Misconfigured`` where the error says so,
    else ``Unavailable`` (outcome unknown, retried)."""
    try:
        yield
    except HubError:
        raise
    except _REPLACED as error:
        raise Replaced(f"another process took over ({type(error).__name__})") from error
    except _REASSIGNED as error:
        raise Reassigned(f"the broker assigned the partitions to another ({type(error).__name__})") from error
    except _FOR_THE_OPERATOR as error:
        raise Misconfigured(
            f"the broker refuses ({type(error).__name__})",
            "see [kafka] in the settings, and grant what is missing: `hub topics apply --acls`",
        ) from error
    except errors.KafkaError as error:
        # After an earlier failure of the transaction, the driver names the cause only in the message.
        if any(one.__name__ in str(error) for one in _REPLACED):
            raise Replaced("another process took over") from error
        raise Unavailable(f"the broker is away or slow ({type(error).__name__})") from error


def bounded(call: Callable[[], T], what: str, wait_s: float = WAIT_S) -> T:
    """The result of ``call``, run in a thread of its own, because some calls of the driver have no time-out.

    Raises ``Unavailable`` after ``wait_s`` seconds: the outcome is unknown, and the caller must drop the client.
    The thread may run on, so ``call`` must change nothing that the caller uses afterwards. ``what`` names the call in
    messages.
    """
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as error:  # raised again in the caller's thread
            outcome.append((None, error))

    thread = threading.Thread(target=run, name=f"kafka.{what}", daemon=True)
    thread.start()
    thread.join(wait_s)
    if not outcome:
        raise Unavailable(f"no answer to {what} within {wait_s:.0f} s")
    value, error = outcome[0]
    if error is not None:
        raise error
    return value  # type: ignore[no-any-return]
