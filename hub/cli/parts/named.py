"""The application that a command is about: by its id, or by the caller's number and its channel."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import click

from hub.cli.parts.applications import Answered, Desk, Json

_NAMED = (
    click.argument("application_id", required=False),
    click.option("--external-no", help="Instead of the id: the caller's own number."),
    click.option("--channel", default="counter", show_default=True, help="With --external-no."),
)


class Which(NamedTuple):
    """The application of a command: its id, or the caller's number in a channel. Both ways raise ``Answered``; where no
    application has the number it says which channel was searched."""

    application_id: str
    channel: str
    external_no: str

    def at(self, to: Desk) -> str:
        """Its id."""
        return self.application_id or str(self._found(to)["application_id"])

    def shown(self, to: Desk) -> Json:
        """All of it."""
        return to.show(self.application_id) if self.application_id else self._found(to)

    def _found(self, to: Desk) -> Json:
        try:
            return to.find(self.channel, self.external_no)
        except Answered as refused:
            if refused.code != "NO_SUCH_APPLICATION":
                raise
            searched = f"looked in the channel {self.channel}: name another with --channel"
            raise Answered(refused.code, refused.field, f"{refused.message} ({searched})") from None


def named(function: Callable[..., None]) -> Callable[..., None]:
    """A command on one application (``which``), by its id, or by ``--external-no`` and ``--channel``."""

    @wraps(function)
    def found(*given: Any, application_id: str | None, external_no: str | None, channel: str, **more: Any) -> None:
        if not application_id and not external_no:
            raise click.UsageError("give an application id, or --external-no")
        function(*given, which=Which(application_id or "", channel, external_no or ""), **more)

    for option in reversed(_NAMED):
        found = option(found)
    return found
