"""The sandbox's own errors. It knows nothing of the hub, so it has its own; a command shows them and ends with their
exit code (sysexits.h)."""

import click


class SandboxError(click.ClickException):
    """Root of the sandbox's errors."""


class Unavailable(SandboxError):
    """A server of the sandbox is not there, or did not start."""

    exit_code = 75


class Misconfigured(SandboxError):
    """The caller must change something; the message says what."""

    exit_code = 78

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} — {remedy}")
