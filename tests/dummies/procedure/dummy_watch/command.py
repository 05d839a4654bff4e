"""``hub watch open UNIT_NO --seconds N``: the procedure's own verb."""

import click

from dummy_watch.procedure import NAME, PROCEDURE, Open
from hub import settings as hub_settings
from hub.bootstrap import open_hub
from hub.cases.by import By
from hub.cases.case import Case
from hub.records.identifiers import identity_of


@click.group("watch")
def command():
    """Watch a property unit."""


@command.command("open")
@click.argument("unit_no")
@click.option("--seconds", type=float, default=1.0)
@click.pass_obj
def open_(config, unit_no, seconds):
    """Watch UNIT_NO; prints the case."""
    hub = open_hub(hub_settings.load(config))
    try:
        unit_id, case_id = hub.vault.identify([identity_of("unit-no", unit_no), (NAME, unit_no)])
        with hub.store.write() as connection:
            new = Case(case_id, NAME, unit_id, hub.clock.now_ms())
            (refusal,) = hub.journal.run(connection, PROCEDURE, [(new, Open(seconds))], by=By("cli:test"))
        if refusal:
            raise click.ClickException(refusal.code)
        click.echo(case_id.hex())
    finally:
        hub.close()
