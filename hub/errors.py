"""Every error the hub raises on purpose: one root, four families.

The families say who acts: nobody (the record goes to the rejected topic), time (retry), the operator (mend the
configuration), the auditor (somebody changed something).
"""


class HubError(Exception):
    """Root of every error raised on purpose. The message is written for the person who reads it and holds no
    personal value."""

    exit_code = 1


class RecordRejected(HubError):
    """One record cannot be accepted. Only this record stops; its neighbours flow on.

    ``code`` is a published reason code (docs/codes.md), ``field`` the dotted path of the field, or ``""`` for the
    whole; ``allowed`` the published codes that would be taken there, where there is such a list.
    """

    exit_code = 1

    def __init__(self, code: str, field: str = "", detail: str = "", allowed: tuple[str, ...] = ()) -> None:
        told = f"allowed: {', '.join(allowed)}" if allowed else ""
        super().__init__(" ".join(part for part in (code, field, detail, told) if part))
        self.code = code
        self.field = field
        self.detail = detail
        self.allowed = allowed


class Unavailable(HubError):
    """Something outside is away or says "later". Always retried, never a dead letter (promise P1).

    ``retry_after_s`` is what the other side asked for, or ``None`` where the caller's own back-off decides.
    An operation that raised this may have taken effect: the outcome is unknown, never "refused".
    """

    exit_code = 75  # EX_TEMPFAIL of sysexits.h

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Fenced(Unavailable):
    """Another process took over this writer's or member's work. Stop, then join again."""


class Reassigned(Fenced):
    """The group dealt its work out anew, and what was under way is another's now: nothing of it was committed. The
    member has gone back to what is durable and goes on by polling again."""


class Misconfigured(HubError):
    """The operator must change something; ``remedy`` says what."""

    exit_code = 78  # EX_CONFIG

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} — {remedy}")
        self.remedy = remedy


class TamperDetected(HubError):
    """A proof does not hold: a signature, commitment or authentication tag disagrees with the bytes (promise P4)."""

    exit_code = 3
