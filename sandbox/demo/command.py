"""``hub demo``: runs the whole product on this machine, and checks that the counts balance."""

import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from hub.audit.findings.codes import CODES as AUDIT_CODES
from hub.cases.by import By
from hub.cli.shown import clock as _clock
from hub.cli.shown.console import console
from hub.logging import configure
from hub.records.rules import CODES
from sandbox.demo import archive, followed
from sandbox.demo.audited import Audited
from sandbox.demo.balance import Delivered, Report, SourceLine
from sandbox.demo.demo import AUDIT, RECIPIENTS, Demo, Live
from sandbox.demo.transfers import RECALLED, WITHDRAWN, Transfers

DEFAULT_HOME = Path(".hub/demo")
DEMO = By("cli:demo")
PIECES = 3
"""What most applications come to: registration, business licence or identity, property title."""


@click.command("demo")
@click.option(
    "--records",
    type=click.IntRange(100),
    help="Number of rows that each source emits. [default: 2,000; on Kafka 10,000]",
)
@click.option(
    "--seed",
    default=20210419,
    show_default=True,
    help="Seed of the simulated systems: the same seed gives the same data.",
)
@click.option(
    "--home",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    default=DEFAULT_HOME,
    show_default=True,
    help="Folder of all files.",
)
@click.option(
    "--log",
    type=click.Choice(["sqlite", "kafka"]),
    default="sqlite",
    show_default=True,
    help="kafka: a real broker and PostgreSQL on loopback, two worker processes, one of them killed during the run.",
)
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(1, 100_000),
    help="Seconds of business time in one second; time-outs, leases and back-off stay real.",
)
@click.option(
    "--resume", is_flag=True, help="Continue with the data in FOLDER. [default: start again from the beginning]"
)
@click.option("--keep", is_flag=True, help="Keep it running at the end, to look around; Ctrl-C ends it.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def command(
    records: int | None, seed: int, home: Path, log: str, speed: float, resume: bool, keep: bool, as_json: bool
) -> None:
    """Run the whole product on this machine with simulated outside systems, and check that the counts balance.

    \b
    1. starts a licence gateway, a property exchange table, a database of projects and their approvals (also over
       REST), a district that sends files, an identity service with a look-up of resident IDs, and a utility's
       connection system on loopback
    2. reads all their records, judges them, and shows what was received, verified and rejected, and why
    3. submits applications with one certificate: an enterprise with its own title, a tenant, one whose title comes
       late, a high-voltage one with its project; a resident by face, one at a counter, and an enterprise
       through an agent
    4. transfers an account with arrears together with its title: the registry enters the title, the arrears are paid,
       the utility transfers; a title ends before the hub is told of electricity on and is taken back, another after
    5. lets the utility report their steps until electricity is on: sent, fetched and from a table, some of them twice,
       in disorder, or with other contents; then the customers rate the service,
       and the clocks of each case are shown
    6. writes what other systems of the utility know of these cases, some of it beside what was reported, and audits
       the clocks with these files
    7. compares all counts with those of the simulated systems; exit 0 only if all agree

    All files are in FOLDER (see --home). While it runs (--keep), `. FOLDER/env` prepares a shell: the hub command then
    works with this hub, by its HTTP API where it writes. After it, `hub --config FOLDER/hub.toml …` reads what is left.
    """
    configure(json_lines=False, level="ERROR")
    if resume and log == "kafka":
        raise click.UsageError(
            "--resume is for the embedded log: broker and PostgreSQL are deleted when the demonstration ends"
        )
    if speed != 1 and log == "kafka":
        raise click.UsageError("--speed is for the embedded log: worker processes run in real time")
    if not resume:
        shutil.rmtree(home, ignore_errors=True)
    out = console(stderr=as_json)
    demo = _demo(log, home, records, seed, speed)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
    ) as bars:
        world = bars.add_task("making the outside world", total=1)
        with demo.running(
            lambda what, done, total: bars.update(world, description=f"making {what}", completed=done, total=total)
        ) as live:
            bars.update(world, completed=bars.tasks[world].total)  # a world that was there is not made again
            report = _run(demo, live, bars)
            bars.stop()
            _show(report, as_json, out)
            if keep:
                _stay(live, out, demo)
    sys.exit(0 if report.balanced else 1)


def _demo(log: str, home: Path, records: int | None, seed: int, speed: float) -> Demo:
    if log == "kafka":
        from sandbox.demo.shared import SharedDemo

        return SharedDemo(home, records or 10_000, seed)
    return Demo(home, records or 2_000, seed, speed)


def _run(demo: Demo, live: Live, bars: Progress) -> Report:
    entries = live.scripted()
    applications = live.hub.applications()
    ids = [applications.submit(entry["body"], DEMO).case_id for entry in entries]
    expected = {line.source: line.expected["emitted"] for line in live.lines()}
    tasks = {name: bars.add_task(f"{name}: judged", total=total) for name, total in expected.items()}
    pushes = bars.add_task("acknowledged by the utility")
    for happened in demo.disturb(live):
        if happened:
            bars.console.print(happened)
        _advance(bars, tasks, pushes, live.lines(), live.delivered())
    live.settle(lambda lines, delivered: _advance(bars, tasks, pushes, lines, delivered))
    live.sandbox.control("property_title", "release", {})
    wanted = sum(entry.get("pieces", PIECES) for entry in entries)
    live.settle(
        lambda lines, delivered: _advance(bars, tasks, pushes, lines, delivered) and delivered.acknowledged >= wanted
    )
    live.settle(lambda *_: archive.settled(live.hub))
    archived = archive.fetch(live.hub, live.url)
    stories = {entry["id"]: entry for entry in entries}
    live.transferred(DEMO)
    live.title_ends(stories[WITHDRAWN], lambda told: told.withdrawn > 0)
    for happened in demo.disturb_steps(live, ids):
        bars.console.print(happened)
    live.electricity_on(ids)
    live.rated(ids)
    live.title_ends(stories[RECALLED], lambda told: told.noticed > 0)
    live.settle(lambda lines, delivered: _advance(bars, tasks, pushes, lines, delivered))
    shown = [applications.show(one) | {"clocks": applications.clock(one)} for one in ids]
    told = [{"story": entry["story"], **one} for entry, one in zip(entries, shown, strict=True)]
    return Report(
        live.lines(),
        live.delivered(),
        live.steps(),
        live.ratings(),
        told,
        live.audited(demo.home / AUDIT, shown),
        live.warnings(),
        len(live.noticed()),
        archived,
        live.transfers(),
        followed.follow(live.hub, told),
    )


def _advance(
    bars: Progress, tasks: dict[str, TaskID], pushes: TaskID, lines: list[SourceLine], delivered: Delivered
) -> bool:
    for line in lines:
        done = line.verified + line.rejected + line.duplicate
        # A record that a look-up finds before the feed is received twice.
        bars.update(tasks[line.source], completed=done, total=line.expected["emitted"] + line.received - line.emitted)
    bars.update(pushes, completed=delivered.acknowledged, total=delivered.decided)
    return (
        all(line.pending == 0 and line.emitted >= line.expected["emitted"] for line in lines) and not delivered.pending
    )


def _show(report: Report, as_json: bool, out: Console) -> None:
    if as_json:
        click.echo(json.dumps(_plain(report), ensure_ascii=False, default=str))
        return
    out.print(_conservation(report))
    out.print(
        f"other content under one version 同版异文 {sum(line.revised for line in report.lines)}, "
        f"mapped again 重新映射 {sum(line.readings for line in report.lines)}"
    )
    out.print(_reasons(report))
    for application in report.applications:
        out.print(_application(application))
        _clock.show(application["clocks"], out)
    delivered = report.delivered
    out.print(
        f"delivered {delivered.decided} = acknowledged {delivered.acknowledged} + refused {delivered.refused}"
        f" + pending {delivered.pending}; the utility counts {len(delivered.effects)} effects, "
        f"{delivered.doubled} doubled"
    )
    told = report.steps
    out.print(
        f"steps 环节 sent {told.sent} = applied {told.applied} + duplicate {told.duplicate} + claimed {told.claimed}; "
        f"electricity on 已送电 {told.on} of {len(report.applications)}"
    )
    out.print(f"licence files 证照文件 fetched {report.archived.fetched}, given to the archive {report.archived.given}")
    given, passed_on = report.ratings
    out.print(f"ratings 评价 given {given}, passed on {passed_on}")
    to = f"to {', '.join(RECIPIENTS['after'])}; the duty desk has {report.noticed}"
    out.print(f"warnings 时限预警 {sum(report.warnings.values())}, {to}")
    out.print(followed.table(report.followed))
    _transferred(report.transfers, out)
    _audited(report.audited, out)
    out.print("[bold green]balanced · 账目平衡[/]" if report.balanced else "[bold red]NOT balanced · 账目不平[/]")


def _transferred(told: Transfers, out: Console) -> None:
    out.print(
        f"joint transfers 联合过户 done {told.done} of {told.submitted}, after arrears; "
        f"reports {told.reported} = verified {told.verified} + duplicate {told.duplicate} + rejected {told.rejected}"
    )
    out.print(
        f"titles that ended 证照失效 taken back before electricity on was known 获知送电前撤回 {told.withdrawn}, "
        f"told after it 送电后告知 {told.noticed}"
    )


_QUICK = {"ENDED_TOGETHER", "SAME_SECOND_IN_CASES"}
"""What the audit finds of times that are close together."""


def _audited(audited: Audited, out: Console) -> None:
    table = Table(
        "class 问题类别", "finding 问题", "count 次数", "meaning 含义", title="audit 审计", title_justify="left"
    )
    for of, code, number in audited.told():
        table.add_row(of.zh, code, str(number), f"{AUDIT_CODES[code].zh} · {AUDIT_CODES[code].en}")
    out.print(table)
    if quick := sorted(_QUICK & audited.findings.keys()):
        codes = ", ".join(quick)
        out.print(f"{codes}: 演示在数秒内完成数月的环节 the demonstration plays months in seconds", soft_wrap=True)
    found = f"{audited.planted - len(audited.missed)} of {audited.planted}"
    out.print(f"off-system work 体外循环等 found {found} {' '.join(audited.missed)}".rstrip())
    options = " ".join(f"--{name} {path}" for name, path in audited.paths.items())
    out.print(f"all with their evidence: hub audit offsystem {options}", soft_wrap=True)


def _conservation(report: Report) -> Table:
    table = Table(
        *(Column(name, overflow="fold") for name in ("source 来源", "kind 记录种类", "grant 授权")),
        "received 接收",
        "of it looked up 其中查询",
        "= verified 通过",
        "+ rejected 拒收",
        "+ duplicate 重复",
        "+ pending 待处理",
        "truth 对照",
    )
    for line in report.lines:
        numbers = (line.received, line.looked_up, line.verified, line.rejected, line.duplicate, line.pending)
        table.add_row(
            line.source,
            line.kind,
            line.grant,
            *map(str, numbers),
            "agrees 一致" if line.balanced else f"DIFFERS: {dict(line.expected)}",
        )
    return table


def _reasons(report: Report) -> Table:
    table = Table("source 来源", "reason 拒收原因", "count 次数", "meaning 含义")
    for line in report.lines:
        for code, count in sorted(line.reasons.items(), key=lambda pair: -pair[1])[:5]:
            table.add_row(line.source, code, str(count), f"{CODES[code].chinese} · {CODES[code].english}")
    return table


def _application(application: dict[str, Any]) -> Table:
    days = application["clock"]["working_days"]
    due = application["due_on"] or " ".join(filter(None, (application["segment"], application["segment_due_on"])))
    title = f"{application['story']} · due 承诺办结 {due or '-'} ({days} working days 工作日)"
    table = Table(
        "piece 推送件",
        "decided after 决定",
        "acknowledged after 回执",
        "receipt 回执号",
        title=title,
        title_justify="left",
    )
    submitted = datetime.fromisoformat(application["submitted_at"])
    for piece in application["deliveries"]:
        note = f" (holder 权利人: {piece['holder_relation']})" if piece["holder_relation"] == "OTHER" else ""
        table.add_row(
            piece["kind"] + note,
            _after(submitted, piece["decided_at"]),
            _after(submitted, piece["ended_at"]),
            piece["receipt"],
        )
    return table


def _after(submitted: datetime, moment: str | None) -> str:
    return f"{(datetime.fromisoformat(moment) - submitted).total_seconds():.2f} s" if moment else "—"


def _plain(report: Report) -> dict[str, Any]:
    lines = [{**line._asdict(), "pending": line.pending, "balanced": line.balanced} for line in report.lines]
    delivered = {
        "decided": report.delivered.decided,
        "acknowledged": report.delivered.acknowledged,
        "effects": len(report.delivered.effects),
    }
    return {
        "balanced": report.balanced,
        "sources": lines,
        "delivered": delivered,
        "steps": report.steps._asdict(),
        "transfers": report.transfers._asdict(),
        "followed": [line._asdict() for line in report.followed],
        "ratings": dict(zip(("given", "passed_on"), report.ratings, strict=True)),
        "applications": report.applications,
        "warnings": dict(report.warnings),
        "noticed": report.noticed,
        "files": report.archived._asdict(),
        "audit": {"findings": dict(report.audited.findings), "missed": report.audited.missed},
    }


def _stay(live: Live, out: Console, demo: Demo) -> None:
    out.print(f"running until Ctrl-C; in another terminal, for the hub command: . {demo.home / 'env'}", soft_wrap=True)
    try:
        live.runner.wait()
    except KeyboardInterrupt:
        out.print("stopping")
