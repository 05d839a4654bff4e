"""``hub run``: runs the stages and the HTTP API."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, Make, open_hub
from hub.cli.shown.console import console
from hub.clock import SystemClock
from hub.connect.host.configured import Connectors
from hub.errors import Misconfigured
from hub.logging import configure, get_logger
from hub.records.kinds import KINDS
from hub.runtime.runner import STOP_TIMEOUT_S, Runner
from hub.runtime.workers import Worker, when_parent_ends
from hub.settings import Settings
from hub.stages import stages as stages_of
from hub.topics.declared import SUFFIXES
from hub.web.server import serve

STAGES_STOP_TIMEOUT_S = 8.0
"""The rest of the ten seconds is for closing."""


_HELP = """Run the hub: all stages and the HTTP API, until Ctrl-C or SIGTERM.

\b
{stages}

After a kill at any moment, the next start continues at the same place. Stopping takes at most ten seconds.

On Kafka and PostgreSQL, any number of hubs on any machines share the work. Each needs its own `instance`, and may
have as many --workers as its machine has cores.
"""


def _help() -> str:
    lines = [f"  {stage.name:13}{stage.about}" for stage in stages_of(["SINK"])]
    return _HELP.format(stages="\n".join(lines))


@click.command("run", help=_help())
@click.option("--stages", metavar="NAME,…", help="Only these stages. [default: all; `hub run --list` names them]")
@click.option("--list", "list_stages", is_flag=True, help="List the stages, with what they read and write, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --list: one JSON object per line.")
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that share the stages."
)
@click.option("--no-web", is_flag=True, help="Without the HTTP API.")
@click.option("--worker", type=int, hidden=True, help="This process is the parent's worker of that number.")
@click.pass_obj
def command(
    config: Path | None,
    stages: str | None,
    list_stages: bool,
    as_json: bool,
    workers: int,
    no_web: bool,
    worker: int | None,
) -> None:
    settings = _named(hub_settings.load(config), worker)
    if list_stages:
        _list(settings, as_json)
        return
    configure(settings.log_json, settings.log_level)
    hub = open_hub(settings)
    try:
        hub.connectors.check()
        hub.check_policies()
        # Before any stage skips what it has not read, or writes a number that the log has already seen.
        hub.check_positions()
        wanted = _wanted(stages, [stage.name for stage in hub.stages()])
        tasks = _workers(hub, config, workers, wanted) if workers > 1 else _stages(hub, wanted)
        stop_within_s = STOP_TIMEOUT_S if workers > 1 else STAGES_STOP_TIMEOUT_S
        _run(hub, tasks, web=not no_web, worker=worker is not None, stop_within_s=stop_within_s)
    finally:
        hub.close()
    _end()


def _list(settings: Settings, as_json: bool) -> None:
    """Print the stages that these settings run. Opens nothing."""
    connectors = Connectors(settings, SystemClock())
    found = stages_of(connectors.sinks, fetching=connectors.fetching)
    if as_json:
        for stage in found:
            shown = {"name": stage.name, "reads": stage.reads, "writes": stage.writes, "about": stage.about}
            click.echo(json.dumps(shown, ensure_ascii=False))
        return
    table = Table("stage", "reads", "writes")
    for stage in found:
        table.add_row(stage.name, _shortened(stage.reads), _shortened(stage.writes))
    console().print(table)


def _shortened(names: Sequence[str]) -> str:
    """Names for a person: the topics of all kinds by their common end.

    >>> _shortened([*(kind.topic("verified") for kind in KINDS.values()), "lookup.received"])
    '*.verified, lookup.received'
    """
    of_kinds = {kind.topic(suffix): f"*.{suffix}" for suffix in SUFFIXES for kind in KINDS.values()}
    return ", ".join(dict.fromkeys(of_kinds.get(name, name) for name in names))


def _named(settings: Settings, worker: int | None) -> Settings:
    """A worker's name is its parent's name and its number: unique, and the same after a restart."""
    return settings if worker is None else settings.model_copy(update={"instance": f"{settings.instance}.{worker}"})


def _wanted(stages: str | None, names: list[str]) -> list[str]:
    wanted = stages.split(",") if stages else names
    if strange := sorted(set(wanted) - set(names)):
        raise click.UsageError(f"no stage {strange[0]!r}; there are {', '.join(names)}")
    return wanted


def _stages(hub: Hub, wanted: list[str]) -> list[tuple[str, Make]]:
    # One process writes an embedded log: report it here once, not by each stage.
    hub.log.writer(f"run.{hub.settings.instance}").close()
    return [(name, make) for name, make in hub.tasks() if name in wanted]


def _workers(hub: Hub, config: Path | None, count: int, wanted: list[str]) -> list[tuple[str, Make]]:
    if not hub.shared:
        raise Misconfigured(
            "an embedded log or database belongs to one process",
            "leave --workers out, or set log_url to kafka://… and store_url and vault_url to postgresql+psycopg://…",
        )
    base = [sys.executable, "-m", "hub", *(["--config", str(config)] if config else []), "run", "--no-web"]
    base += ["--stages", ",".join(wanted)]
    return [(f"worker.{n}", partial(Worker, [*base, "--worker", str(n)])) for n in range(1, count + 1)]


def _run(hub: Hub, tasks: list[tuple[str, Make]], web: bool, worker: bool, stop_within_s: float) -> None:
    log = get_logger("run")
    runner = Runner(hub.clock)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: runner.request_stop())
    if worker:
        when_parent_ends(runner.request_stop)
    hub.start(runner, tasks)
    log.info("running", tasks=[name for name, _ in tasks], log=hub_settings.without_secrets(hub.settings.log_url))
    try:
        with serve(hub, enabled=web):
            runner.wait()
            asked_s = hub.clock.monotonic_s()
    except Misconfigured:  # such as a port that another program has
        runner.stop(stop_within_s)
        raise
    if late := runner.stop(asked_s + stop_within_s - hub.clock.monotonic_s()):
        log.warning("did not end in time; what they had not committed is done again", tasks=late)


def _end() -> None:
    """End the process immediately. Python would wait for outside calls that hang. They have committed nothing, and the
    next start asks before it repeats a delivery."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
