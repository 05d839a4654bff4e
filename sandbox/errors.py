"""The sandbox's own errors: it does not import the hub. A command shows them and ends with their exit code
(sysexits.h)."""

import click


class SandboxError(click.ClickException):
    """Root of the sandbox's errors."""


class Unavailable(SandboxError):
    """A server of the sandbox does not answer, or did not start."""

    exit_code = 75


class Misconfigured(SandboxError):
    """The caller must change something; the message says what."""

    exit_code = 78

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message} — {remedy}")
