"""``hub run``: the service."""

import signal
from pathlib import Path

import click

from hub import settings as hub_settings
from hub.bootstrap import open_hub
from hub.logging import configure, get_logger
from hub.pipeline.runner import Runner
from hub.web.serve import serve


@click.command("run")
@click.option("--stages", metavar="NAME,…", help="Only these stages; otherwise all. `hub run --list` names them.")
@click.option("--list", "list_stages", is_flag=True, help="Name the stages and leave.")
@click.option("--no-web", is_flag=True, help="Without the HTTP API.")
@click.pass_obj
def command(config: Path | None, stages: str | None, list_stages: bool, no_web: bool) -> None:
    """Run the hub: every stage, and the HTTP API, until Ctrl-C or SIGTERM.

    \b
      ingest   sources → *.received, cursors in the same transaction
      lookup   lookup.requests → sources → lookup.received
      verify   *.received → *.verified or *.rejected, with reasons
      ask      what applications still need → look-ups
      project  topics → tables; matches evidence to applications
      deliver  evidence → the utility's connection system, once
      relay    outbox → topics, in commit order

    Killed at any moment, it goes on where it was. Stopping takes at most ten seconds.
    """
    settings = hub_settings.load(config)
    configure(settings.log_json, settings.log_level)
    log = get_logger("run")
    hub = open_hub(settings)
    try:
        hub.check_connectors()
        tasks = hub.tasks()
        if list_stages:
            click.echo("\n".join(name for name, _ in tasks))
            return
        wanted = _wanted(stages, [name for name, _ in tasks])
        # One process writes an embedded log: better told now than by every stage.
        hub.log.writer(f"run.{settings.instance}").close()
        runner = Runner(hub.clock)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: runner.request_stop())
        for name, make in tasks:
            if name in wanted:
                runner.start(name, make)
        log.info("running", stages=sorted(wanted), log=hub_settings.without_secrets(settings.log_url))
        with serve(hub, enabled=not no_web):
            runner.wait()
        if late := runner.stop():
            log.warning("did not end in time; what they had not committed is done again", stages=late)
    finally:
        hub.close()


def _wanted(stages: str | None, names: list[str]) -> set[str]:
    wanted = set(stages.split(",")) if stages else set(names)
    if strange := sorted(wanted - set(names)):
        raise click.UsageError(f"no stage {strange[0]!r}; there are {', '.join(names)}")
    return wanted
