"""What every Kafka client of the hub shares: time-outs, and the driver's errors as ours."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka import errors

from hub.errors import Fenced, HubError, Misconfigured, Reassigned, Unavailable

T = TypeVar("T")
WAIT_S = 20.0
"""Longest wait for one call, or one whole transaction; the broker itself ends a transaction after 15 s."""
TIMES = {"request_timeout_ms": 10_000, "reconnect_backoff_max_ms": 1_000}
"""A request without an answer is given up well before ``WAIT_S``, so that its connection is made anew within it; and
a broker that is back is noticed within a second."""

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
    """Another process works under this very name or id, or the broker ended our transaction: join again."""


@contextmanager
def translated() -> Iterator[None]:
    """The driver's errors as ours. What is not known to be fenced or the operator's is ``Unavailable``:
    unknown, retried."""
    try:
        yield
    except HubError:
        raise
    except _REPLACED as error:
        raise Replaced(f"another process took over ({type(error).__name__})") from error
    except _REASSIGNED as error:
        raise Reassigned(f"the broker gave the work to another ({type(error).__name__})") from error
    except _FOR_THE_OPERATOR as error:
        raise Misconfigured(
            f"the broker refuses ({type(error).__name__})",
            "see [kafka] in the settings, and grant what is missing: `hub topics apply --acls`",
        ) from error
    except errors.KafkaError as error:
        # A transaction that failed earlier names its cause in words only.
        if any(one.__name__ in str(error) for one in _REPLACED):
            raise Replaced("another process took over") from error
        raise Unavailable(f"the broker is away or slow ({type(error).__name__})") from error


def bounded(call: Callable[[], T], what: str, wait_s: float = WAIT_S) -> T:
    """``call`` in a thread of its own, because the driver's calls wait without a time-out.

    Raises ``Unavailable`` after ``wait_s``: the outcome is unknown, and whoever called abandons the client it hangs in.
    The thread may still run on: ``call`` must change nothing that its caller uses afterwards.
    """
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as error:  # handed to the caller, whatever it is
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
