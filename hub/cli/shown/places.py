"""``hub application place``: the findings about a site with both texts side by side, and a named person's answer."""

import json
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub.cases.connection.placed.questions import ANSWERS
from hub.cli.parts.applications import anywhere, desk, or_leave
from hub.cli.shown.console import console


@click.command("place")
@click.argument("application_id")
@click.option("--question", type=click.IntRange(min=1), help="Number of the finding that --answer is about.")
@click.option("--answer", type=click.Choice(ANSWERS), help="What you found.")
@click.option("--person", required=True, help="Your name; it is recorded, sealed, that you looked or answered.")
@click.option("--note", help="With --answer: on what it rests; it is sealed.")
@anywhere
@click.pass_obj
def place(
    config: Path | None,
    application_id: str,
    question: int | None,
    answer: str | None,
    person: str,
    note: str | None,
    url: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Whether the site of one application is that of the title: each finding with both texts side by side.

    Where it cannot be said, a person is asked. Answer with --question and --answer. The application continues with any
    answer, and its clock runs. That you looked at both texts is recorded with --person and the application's purpose.
    With --url the token needs the scope operate.
    """
    if (question is None) != (answer is None) or (note and answer is None):
        raise click.UsageError("give --question and --answer together; --note only with them")
    with desk(config, url, token, writes=True) as to:
        if question is None:
            found = or_leave(lambda: to.places(application_id, person))
        else:
            given = {"answer": answer, "person": person, "note": note}
            said = {name: value for name, value in given.items() if value is not None}
            found = or_leave(lambda: to.answer_place(application_id, question, said))
    click.echo(json.dumps(found, ensure_ascii=False)) if as_json else _print(found)


def _print(found: dict[str, Any]) -> None:
    long = ("用电地址 site", "不动产坐落 title", "核对 question")
    table = Table("no.", "结论 found", "项 parts", *(Column(name, overflow="fold") for name in long), "答复 answer")
    for one in found["items"]:
        cells = (
            str(one["nth"]),
            f"{one['verdict']} {one['compared_by'] or ''}",
            ", ".join(one["parts"]),
            _side(one["site"]),
            _side(one["title"]),
            f"{one['question']}: {one['question_zh']} {one['question_en']}" if one["question"] else "—",
            "\n".join(
                " ".join(filter(None, (said["answer"], said["person"], said["note"]))) for said in one["answers"]
            ),
        )
        table.add_row(*map(escape, cells))
    console().print(table)


def _side(side: dict[str, str | None]) -> str:
    return "\n".join(text for text in (side["address"], side["unit_no"]) if text) or "—"
