"""``hub sandbox`` and ``python -m sandbox``: simulates the outside systems on this machine."""

import json
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from sandbox import launch
from sandbox.errors import Unavailable
from sandbox.serve import ROLES, end_with
from sandbox.systems import FIRST, WAYS
from sandbox.world.world import SIZE_MAX, SIZE_MIN

_NUMBERS = ("share", "seconds", "delay_s", "retry_after_s")
_HELP = """Simulate outside systems on this machine: licence gateway, property exchange table, a district that sends
files, connection system (CRM).

One server each on loopback. Their data are made from a seed: the same seed and size give the same people, enterprises,
titles and defects, byte for byte. The servers end with this command, also when it is killed.

\b
  hub sandbox --size 1000                    1,000 rows from each source; addresses and secrets as JSON on stdout
  hub sandbox --out sandbox.json             the same into a file
  hub sandbox --toml sandbox.toml            settings for a hub that talks to it
  hub sandbox --fault utility_crm:drop_after_commit:share=0.3,seconds=60
  hub sandbox --list-faults                  all faults, by server
  hub sandbox --way pull --way table         connection systems that fetch, or read an outbox table

Files in FOLDER (see --home): truth.jsonl (each row that a source emits, and the verdict that a hub must give),
truth-summary.json (the counts), applications.json (what to post to the hub, and the expected result), the databases,
and world.json. A later start with the same FOLDER continues the same world.

\b
While it runs (BASE is an address from the JSON):
  curl -X POST BASE/_control/faults -d '{"name":"latency","delay_s":1,"seconds":30}'
  curl -X DELETE BASE/_control/faults        clear all faults
  curl BASE/_control/calls                   the calls, and the result of each
  curl -X POST BASE/_control/advance -d '{"steps":10}'     gateway, exchange: make ten changes
  curl -X POST BASE/_control/reload -d '{"vanish":2}'      exchange: nightly full reload, without two rows
  curl -X POST BASE/_control/enter           exchange: a transfer, a mortgage, ... of a unit
  curl -X POST BASE/_control/release         exchange: insert the title that comes late
  curl BASE/_control/effects                 CRM: what took effect, and how often
  curl -X POST BASE/_control/hub -d '{"url":"…","token":"…"}'   CRM that fetches: from this hub, with this token
  curl -X POST BASE/_control/refuse -d '{"channelAppNo":"…"}'   CRM: refuse this application finally
"""


class FaultOption(click.ParamType[tuple[str, dict[str, Any]]]):
    """The type of ``--fault``: ``SERVER:NAME[:key=value,…]`` as (server, the fault's settings)."""

    name = "fault"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, dict[str, Any]]:
        """Parse one value. Fails as ``click`` does when the server is unknown or a number is wrong."""
        server, _, rest = str(value).partition(":")
        fault, _, text = rest.partition(":")
        if server not in ROLES or not fault:
            self.fail(f"{value!r} is not SERVER:NAME[:key=value,…] with a SERVER of {', '.join(ROLES)}", param, ctx)
        wish: dict[str, Any] = {"name": fault}
        for pair in filter(None, text.split(",")):
            key, _, number = pair.partition("=")
            try:
                wish[key] = float(number) if key in _NUMBERS else number
            except ValueError:
                self.fail(f"{key}={number!r}  is not a number", param, ctx)
        return server, wish


@click.command("sandbox", help=_HELP)
@click.option("--seed", default=1, show_default=True, help="The world's seed.")
@click.option(
    "--size",
    default=1_000,
    show_default=True,
    type=click.IntRange(SIZE_MIN, SIZE_MAX),
    help="Number of rows that each source emits.",
)
@click.option(
    "--home",
    metavar="FOLDER",
    default=Path(".sandbox"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of its files.",
)
@click.option(
    "--defects", default=0.02, show_default=True, type=click.FloatRange(0, 1), help="Share of rows with a defect."
)
@click.option(
    "--duplicates",
    default=0.005,
    show_default=True,
    type=click.FloatRange(0, 0.05),
    help="Share of feed rows sent twice.",
)
@click.option(
    "--applications",
    default=0,
    show_default=True,
    type=click.IntRange(0, 100_000),
    help="Number of further applications, after the three scripted ones.",
)
@click.option(
    "--exchange-url",
    help="SQLAlchemy URL of an empty database for the exchange table. [default: a SQLite file in FOLDER]",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=FaultOption(),
    help="SERVER:NAME[:share=…,seconds=…,delay_s=…]; repeatable.",
)
@click.option(
    "--refuse",
    multiple=True,
    metavar="NUMBER",
    help="Number of an application that the CRM refuses finally; repeatable.",
)
@click.option(
    "--way",
    "ways",
    multiple=True,
    type=click.Choice(list(WAYS)),
    default=("push",),
    show_default=True,
    help="How a connection system gets its pieces; one system for each way; repeatable.",
)
@click.option("--gateway-port", default=0, type=click.IntRange(0, 65_535), help="Port; 0: a free one.")
@click.option(
    "--exchange-port",
    default=0,
    type=click.IntRange(0, 65_535),
    help="Port of the exchange table's control server; 0: a free one.",
)
@click.option("--crm-port", default=0, type=click.IntRange(0, 65_535), help="Port; 0: a free one.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the JSON to this file. [default: stdout]"
)
@click.option(
    "--toml",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the settings for a hub, grants and [connectors.*], to this file.",
)
@click.option("--parent-pid", type=int, help="End when the process with this id ends.")
@click.option("--list-faults", is_flag=True, help="List all faults, by server, and end.")
def command(
    seed: int,
    size: int,
    home: Path,
    defects: float,
    duplicates: float,
    applications: int,
    exchange_url: str | None,
    faults: tuple[tuple[str, dict[str, Any]], ...],
    refuse: tuple[str, ...],
    ways: tuple[str, ...],
    gateway_port: int,
    exchange_port: int,
    crm_port: int,
    out: Path | None,
    toml: Path | None,
    parent_pid: int | None,
    list_faults: bool,
) -> None:
    if list_faults:
        _show_faults()
        return
    if parent_pid is not None:
        end_with(parent_pid)
    with _bars() as bars:
        running = launch.start(
            seed,
            size,
            home,
            systems=_played(ways),
            defect_share=defects,
            duplicate_share=duplicates,
            applications_count=applications,
            exchange_url=exchange_url,
            ports=dict(zip(FIRST, (gateway_port, exchange_port, crm_port), strict=True)),
            faults={role: [wish for server, wish in faults if server == role] for role in ROLES},
            refuse=refuse,
            progress=_progress(bars),
        )
    with running:
        _announce(running, out, toml)
        _wait(running)


def _played(ways: Sequence[str]) -> list[str]:
    """All roles, of the connection systems those of the chosen ways."""
    left_out = {role for way, role in WAYS.items() if way not in ways}
    return [role for role in ROLES if role not in left_out]


def _show_faults() -> None:
    table = Table("server", "fault", "what it does")
    for role, known in launch.FAULTS.items():
        for name, meaning in known.items():
            table.add_row(role, name, meaning)
    Console().print(table)


def _bars() -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _progress(bars: Progress) -> launch.Progress:
    tasks: dict[str, Any] = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=total)
        bars.update(tasks[what], completed=done)

    return told


def _announce(running: launch.Running, out: Path | None, toml: Path | None) -> None:
    text = json.dumps(running.plain(), ensure_ascii=False, indent=2)
    if out is None:
        click.echo(text)
    else:
        _write_private(out, text + "\n")
    if toml is not None:
        desks = running.desks()
        top = {"grants": str(running.grants), **{f"warnings.{level}": list(desks) for level in ("before", "after")}}
        tables = {f"connectors.{name}": table for name, table in running.connectors().items()}
        tables |= {f"warnings.desks.{name}": table for name, table in desks.items()}
        _write_private(toml, "".join(f"{key} = {json.dumps(value)}\n" for key, value in top.items()) + _as_toml(tables))
    click.echo("sandbox is running; Ctrl-C ends it", err=True)


def _write_private(file: Path, text: str) -> None:
    """Write a file at once, because other programs wait for it, and readable by its owner only: it has secrets."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(file)


def _as_toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    # A JSON string of such plain text is a TOML string too, and so is a number.
    return "".join(
        f"\n[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in table.items())
        for name, table in tables.items()
    )


def _wait(running: launch.Running) -> None:
    """Wait for a signal. Raises ``Unavailable`` when a server ends without one."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(0.5):
        if not running.alive():
            raise Unavailable(f"a sandbox server ended by itself: see {running.home / 'run'}")
