"""All errors that the hub raises on purpose: one root, four families.

The family says who must act: no one (``RecordRejected``: the record goes to the rejected topic), the hub by retrying
(``Unavailable``), the operator (``Misconfigured``: correct the configuration), the auditor (``TamperDetected``: data
was changed).
"""


class HubError(Exception):
    """Root of all errors that are raised on purpose. The message is for a person and holds no personal value.
    ``exit_code`` is the exit code of the command that ends with it."""

    exit_code = 1


class RecordRejected(HubError):
    """One record cannot be accepted. Only this record is concerned; the other records continue.

    ``code`` is a published reason code (docs/codes.md), ``field`` the dotted path of the field, or ``""`` for the
    whole; ``allowed`` what would be taken there (codes, names of fields, bounds), where that can be listed;
    ``existing`` the opaque id, in hex, of what is there already, where the caller may know it.
    """

    exit_code = 1

    def __init__(
        self, code: str, field: str = "", detail: str = "", allowed: tuple[str, ...] = (), existing: str = ""
    ) -> None:
        told = f"allowed: {', '.join(allowed)}" if allowed else ""
        super().__init__(" ".join(part for part in (code, field, detail, told, existing) if part))
        self.code = code
        self.field = field
        self.detail = detail
        self.allowed = allowed
        self.existing = existing


class Unavailable(HubError):
    """An outside system does not answer, or asks to try later. It is always retried, and never a dead letter (P1).

    ``retry_after_s`` is the wait that the other side asked for, seconds; ``None``: the caller's own back-off decides.
    An operation that raised this may have taken effect: its outcome is unknown, never "refused".
    """

    exit_code = 75  # EX_TEMPFAIL of sysexits.h

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotSent(Unavailable):
    """The call was not made: there was no connection, or our own bounds refused it. Nothing has taken effect."""


class NotNow(NotSent):
    """Our own hours, or our own part of a quota, put the call off until later. Nothing is wrong."""


class Unconfirmed(Unavailable):
    """The other side answered, and its answer says neither yes nor no. What was asked for may have taken effect."""


class Fenced(Unavailable):
    """Another process took over the work of this writer or member. Stop, then join again."""


class Reassigned(Fenced):
    """The group assigned its partitions again while records were polled and not committed. Nothing of them was
    committed. The member went back to the durable positions: poll again."""


class Misconfigured(HubError):
    """The operator must change something: ``what`` is wrong, and ``remedy`` says what to do. The text has both."""

    exit_code = 78  # EX_CONFIG

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} — {remedy}")
        self.what = message
        self.remedy = remedy


class TamperDetected(HubError):
    """A proof is not valid: a signature, commitment or authentication tag does not agree with the bytes (P4)."""

    exit_code = 3
