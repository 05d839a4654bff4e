"""``hub application submit|titles|ticket|show|progress|request|steps|story|list|cancel|hold|release|follow-up``:
applications made with one certificate."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cases.connection.states import STATES
from hub.cases.policies.model import VOLTAGES
from hub.cases.views import LIST_MAX
from hub.cli.parts.applications import Answered, Direct, Json, anywhere, desk, or_leave
from hub.cli.parts.named import Which, named
from hub.cli.shown import clock as _clock
from hub.cli.shown import customers as _customers
from hub.cli.shown import places as _places
from hub.cli.shown import steps as _steps
from hub.cli.shown.application import due, print_head, show_one
from hub.cli.shown.console import console
from hub.cli.shown.materials import print_materials
from hub.cli.shown.moments import shown_in_china
from hub.cli.shown.story import lines, table
from hub.codec.json_object import read_json
from hub.errors import RecordRejected


@click.group("application")
def command() -> None:
    """Applications for a connection, made with one certificate: a USCC or a face-verified resident ID.

    An application is registered with the utility when it is submitted, and its time limit starts. Evidence follows in
    numbered pieces as soon as it is found; `show` says what the hub still waits for, and why.
    """


command.add_command(_customers.progress)
command.add_command(_customers.request)
command.add_command(_customers.follow_up)
command.add_command(_places.place)
command.add_command(_steps.steps)


@command.command("submit")
@click.argument("file", required=False, type=click.File("rb"))
@click.option("--external-no", help="The caller's own number, unique in its channel.")
@click.option("--channel", default="counter", show_default=True, help="Channel that it was made through.")
@click.option("--uscc", help="Enterprise: unified social credit code.")
@click.option("--resident-id", help="Resident: ID number. Other users of this machine can see it: FILE or - is better.")
@click.option("--name", help="Name of the applicant, if the connection system wants it.")
@click.option("--unit-no", help="Site: real-estate unit number (28 characters).")
@click.option("--address", help="Site: address.")
@click.option("--voltage", type=click.Choice(VOLTAGES), default="LOW", show_default=True, help="Voltage class.")
@click.option("--capacity-kw", type=float, help="Capacity, kW.")
@click.option("--resident/--non-resident", default=None, help="Customer class; otherwise as the certificate says.")
@click.option("--sanling/--no-sanling", default=False, show_default=True, help="Whether the 三零 service applies.")
@click.option("--sources", type=click.IntRange(1, 2), default=1, show_default=True, help="Supply sources.")
@click.option("--important/--not-important", default=False, show_default=True, help="Important user.")
@click.option(
    "--external-works/--no-external-works",
    default=None,
    help="Works outside the site (外线工程) are needed; only where the applicant can say so.",
)
@click.option("--ticket", type=click.File("r"), help="File with a ticket of the identity service for this application.")
@click.option("--purpose", default="connection-application", show_default=True, help="Purpose of the look-ups.")
@click.option("--legal-basis", default="action-plan-6", show_default=True, help="Code of the purpose's table.")
@anywhere
@click.pass_obj
def submit(config: Path | None, /, file: Any, url: str | None, token: str | None, as_json: bool, **given: Any) -> None:
    """Submit an application from FILE (one JSON object, or one per line; - for standard input), or from the options.

    The same application again gets the same answer. Exit 1 when one is refused.
    """
    taken, documents = True, list(_documents(file)) if file else [_document(given)]
    if not documents:
        raise click.UsageError("no application in the file: give one JSON object, or one per line")
    with desk(config, url, token, writes=True) as to:
        for document in documents:
            try:
                shown, created = to.submit(document() if callable(document) else document)
            except (Answered, RecordRejected) as refused:
                taken = False
                click.echo(f"refused: {refused}", err=True)
                continue
            if as_json:
                click.echo(json.dumps(shown, ensure_ascii=False))
            else:
                show_one(shown, "submitted" if created else "submitted before")
    if not taken:
        raise click.exceptions.Exit(1)


def _documents(file: Any) -> Iterator[Callable[[], Json]]:
    """The applications. Each is read when it is submitted, so that a bad line does not stop the others."""
    content = file.read()
    try:
        whole = read_json(content)
    except RecordRejected:
        lines = [line for line in content.splitlines() if line.strip()]
        yield from (lambda line=line: read_json(line) for line in lines)
    else:
        yield lambda: whole


def _document(given: dict[str, Any]) -> Json:
    resident = bool(given["resident_id"]) if given["resident"] is None else given["resident"]
    applicant = {"uscc": given["uscc"], "resident_id": given["resident_id"], "name": given["name"]}
    site = {"unit_no": given["unit_no"], "address": given["address"]}
    document = {
        "external_no": given["external_no"],
        "channel": given["channel"],
        "applicant": _given(applicant),
        "site": _given(site),
        "voltage": given["voltage"],
        "capacity_kw": given["capacity_kw"],
        "customer_class": "RESIDENT" if resident else "NON_RESIDENT",
        "sanling": given["sanling"],
        "sources": given["sources"],
        "important": given["important"],
        "external_works": given["external_works"],
        "purpose": given["purpose"],
        "legal_basis": given["legal_basis"],
        "ticket": given["ticket"].read().strip() if given["ticket"] else None,
    }
    return _given(document)


def _given(values: dict[str, Any]) -> Json:
    return {name: value for name, value in values.items() if value is not None}


@command.command("ticket")
@click.argument("application_id")
@click.argument("file", type=click.File("r"))
@anywhere
@click.pass_obj
def ticket(
    config: Path | None, application_id: str, file: Any, url: str | None, token: str | None, as_json: bool
) -> None:
    """Present a ticket of the identity service (FILE; - for standard input) for an application that is registered.

    By face or from a counter: both count the same. One application uses a ticket up. Exit 1 when it is refused.
    """
    with desk(config, url, token, writes=True) as to:
        _print(or_leave(lambda: to.present(application_id, file.read().strip())), as_json)


@command.command("titles")
@click.argument("file", type=click.File("rb"))
@anywhere
@click.pass_obj
def titles(config: Path | None, file: Any, url: str | None, token: str | None, as_json: bool) -> None:
    """The titles that the person of a ticket holds, masked, to choose one from.

    FILE (- for standard input) is one JSON object: channel, external_no, applicant.resident_id, ticket, purpose,
    legal_basis. The application then names the choice as site.choice. Nothing of the list is stored. Exit 1 when it is
    refused.
    """
    with desk(config, url, token, writes=True) as to:
        found = or_leave(lambda: to.titles(read_json(file.read())))
    table = Table("address", "unit", "title", "usage", "holders", Column("choice", overflow="fold"))
    for one in found:
        table.add_row(*(str(one[name]) for name in ("address", "unit_no", "title_no", "usage", "holders", "choice")))
        if as_json:
            click.echo(json.dumps(one, ensure_ascii=False))
    if not as_json:
        console().print(table)


@command.command("show")
@named
@anywhere
@click.pass_obj
def show(config: Path | None, which: Which, url: str | None, token: str | None, as_json: bool) -> None:
    """One application: its time limit, the evidence that was found or is still missing and why, and its deliveries."""
    with desk(config, url, token) as to:
        shown = or_leave(lambda: which.shown(to))
    _print(shown, as_json)


@command.command("materials")
@named
@anywhere
@click.pass_obj
def materials(config: Path | None, which: Which, url: str | None, token: str | None, as_json: bool) -> None:
    """What the policy lists as materials of one application, what the hub fetched, what is missing and from whom.

    Also what the customer was told at once (一次性告知), what was asked for beyond the list and refused, and the fees.
    """
    with desk(config, url, token) as to:
        found = or_leave(lambda: to.materials(which.at(to)))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        print_materials(found, console())


@command.command("clock")
@named
@anywhere
@click.pass_obj
def clock(config: Path | None, which: Which, url: str | None, token: str | None, as_json: bool) -> None:
    """Every limit of one application with the working days that were used, and how each was counted.

    A line is one round of a segment: which event opened and closed it, the days one by one (班: a make-up day, 休: a
    weekday off), the clause and the calendar. The total is the sum of the lines; the whole process never pauses; what
    the utility claims as a pause is subtracted nowhere. After a change of kind the clocks of both kinds are shown.
    """
    with desk(config, url, token) as to:
        shown = or_leave(lambda: to.clock(which.at(to)))
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        _clock.show(shown, console())


@command.command("story")
@named
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def story(config: Path | None, which: Which, as_json: bool) -> None:
    """The whole story of one application: every message about it on every topic, in the order in which it happened.

    Its events, its questions to sources, their answers, the records that they found or that the application waits
    for, and the verdicts on them. What a sink said is opened; all other sealed values stay sealed. Reads the log and
    the store of the settings, not a hub's HTTP API.
    """
    with reading(hub_settings.load(config)) as hub:
        to = Direct(hub)
        shown = or_leave(lambda: which.shown(to))
        found = lines(hub, bytes.fromhex(shown["application_id"]))
    if as_json:
        for line in found:
            click.echo(json.dumps(line.plain(), ensure_ascii=False, default=str))
        return
    print_head(shown, shown["state"])
    console().print(table(found))


_LISTED = ("number", "channel", "submitted (China)", "due", "states", "pieces")


@command.command("list")
@click.option("--channel", help="Only of this channel.")
@click.option("--voltage", type=click.Choice(VOLTAGES), help="Only of this voltage class.")
@click.option("--customer-class", type=click.Choice(["RESIDENT", "NON_RESIDENT"]), help="Only of this class.")
@click.option("--state", type=click.Choice(STATES), help="Only in this state; see below.")
@click.option("--limit", type=click.IntRange(1, LIST_MAX), default=50, show_default=True, help="Largest number.")
@click.option("--after", default="", help="Continue after this application id, the last of the page before.")
@anywhere
@click.pass_obj
def list_(
    config: Path | None,
    /,
    limit: int,
    after: str,
    url: str | None,
    token: str | None,
    as_json: bool,
    **wanted: str | None,
) -> None:
    """Applications, newest first.

    \b
    refused   a sink refused a piece, or the hub must not send one
    stuck     a piece has had no acknowledgement for an hour
    held      an operator holds its deliveries
    waiting   it lacks evidence, and the hub still looks for it
    late      its last day is over, and a piece or evidence is still open
    follow-up a bad rating waits for its follow-up
    """
    chosen = {name: value for name, value in wanted.items() if value}
    with desk(config, url, token) as to:
        found = or_leave(lambda: to.list(limit, after, chosen))
    table = Table(Column("application", no_wrap=True, overflow="ignore", min_width=32), *_LISTED)
    for one in found:
        if as_json:
            click.echo(json.dumps(one, ensure_ascii=False))
        pieces = ", ".join(f"{count} {state}" for state, count in sorted(one["pieces"].items()))
        table.add_row(
            one["application_id"],
            escape(one["external_no"] or "—"),
            one["channel"],
            shown_in_china(one["submitted_at"]),
            due(one),
            ", ".join(one["states"]),
            pieces,
        )
    if not as_json:
        console().print(table)


@command.command("cancel")
@click.argument("application_id")
@anywhere
@click.pass_obj
def cancel(config: Path | None, application_id: str, url: str | None, token: str | None, as_json: bool) -> None:
    """Take one application back, as its applicant wants. The sinks are told; no evidence is sent any more."""
    with desk(config, url, token, writes=True) as to:
        _print(or_leave(lambda: to.cancel(application_id)), as_json)


@command.command("hold")
@click.argument("application_id")
@anywhere
@click.pass_obj
def hold(config: Path | None, application_id: str, url: str | None, token: str | None, as_json: bool) -> None:
    """Hold the deliveries of one application. Its time limit continues."""
    with desk(config, url, token, writes=True) as to:
        _print(or_leave(lambda: to.set_held(application_id, True)), as_json)


@command.command("release")
@click.argument("application_id")
@anywhere
@click.pass_obj
def release(config: Path | None, application_id: str, url: str | None, token: str | None, as_json: bool) -> None:
    """Release the deliveries of one application. Refused and stopped pieces are sent again; before each, the hub asks
    the sink whether it has the piece."""
    with desk(config, url, token, writes=True) as to:
        _print(or_leave(lambda: to.set_held(application_id, False)), as_json)


def _print(shown: Json, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False))
    elif "clock" in shown:
        show_one(shown, shown["state"])
    else:  # the token may hold and not read
        click.echo(f"{shown['application_id']} {shown['state']}")
