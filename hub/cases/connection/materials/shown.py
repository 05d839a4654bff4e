"""The materials of an application as JSON values: what the policy lists for each segment, what the hub fetched, what is
missing and from whom, what was told and what was refused; and what may be charged."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases import policy, reasons
from hub.cases.connection.materials.decide import Given, Known, There
from hub.cases.connection.materials.reported import Before
from hub.cases.connection.materials.tables import document, request
from hub.cases.connection.tables import row_of
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
from hub.cases.policies import money
from hub.cases.policies.model import Material, Policy
from hub.cases.procedure import Opens
from hub.cases.steps.judge import History
from hub.cases.times import iso

Json = dict[str, Any]
HUB, CUSTOMER = "HUB", "CUSTOMER"
REQUESTS_MAX: Final = 200
"""Most requests about one application that are recorded. A request beyond that is refused all the same."""
CHANNEL, CONNECTION_SYSTEM = "CHANNEL", "CONNECTION_SYSTEM"


class Paper(NamedTuple):
    """A document that was handed in, as opened; ``content`` is empty where it does not open."""

    row: Row[Any]
    content: Json


class Found(NamedTuple):
    """What is stored about the materials of one case."""

    known: Known
    needs: Sequence[Row[Any]]
    papers: Sequence[Paper]
    requests: Sequence[Row[Any]]


def find(connection: Connection, row: Row[Any], history: History, opener: Opens) -> Found:
    """What is stored about an application, from a row of ``application`` joined with ``case``."""
    kind = history.kinds[-1][1]
    of_case = bytes(row.case_id)
    table = policy.of_case(row)
    needs = connection.execute(select(need).where(need.c.case_id == of_case).order_by(need.c.kind)).all()
    rows = connection.execute(select(document).where(document.c.case_id == of_case).order_by(document.c.number)).all()
    asked = connection.execute(select(request).where(request.c.case_id == of_case).order_by(request.c.number)).all()
    papers = [Paper(*both) for both in zip(rows, _opened(opener, row, rows), strict=True)]
    met = {one.kind for one in needs if one.state == NeedState.MET}
    looked_for = {one.kind for one in needs if one.state == NeedState.OPEN and one.reason != reasons.NO_SOURCE}
    known = Known(
        table,
        table.asked(kind.case_type, kind.starred),
        _names(table.materials.values(), met),
        _names(table.materials.values(), looked_for),
        [There(one.row.number, one.row.material, one.content.get("sha256", "")) for one in papers],
        [Given(one.number, one.segment, _pairs(one)) for one in asked if not one.code],
        history.end is not None or any(one.state == NeedState.CANCELLED for one in needs),
    )
    return Found(known, needs, papers, asked)


def before(connection: Connection, case_id: bytes, history: History, opener: Opens) -> Before:
    """What is known of the materials of a case before it hears of steps that name some."""
    found = find(connection, row_of(connection, case_id), history, opener)
    answered = ((bytes(one.request_id), bytes(one.content_id)) for one in found.requests if one.request_id)
    return Before(found.known, frozenset(answered), max(0, REQUESTS_MAX - len(found.requests)))


def _names(materials: Iterable[Material], kinds: set[str]) -> frozenset[str]:
    return frozenset(one.name for one in materials if kinds & set(one.kinds))


def _pairs(row: Row[Any]) -> frozenset[tuple[str, str]]:
    return frozenset((name, defect) for name, defect in json.loads(row.items))


def _opened(opener: Opens, row: Row[Any], sealed: Sequence[Row[Any]]) -> list[Any]:
    """The sealed values of these rows as JSON; {} for one that does not open."""
    given = [(bytes(row.subject_id), bytes(one.sealed)) for one in sealed]
    opened = opener.open_values(given) if given else []
    return [json.loads(value) if isinstance(value, bytes) and value else {} for value in opened]


def shown(found: Found, row: Row[Any], history: History, opener: Opens) -> Json:
    """Everything about the materials and the money of one application."""
    table, kind = found.known.policy, history.kinds[-1][1]
    customer = table.cases[kind.case_type]
    segments = [
        {
            "segment": segment.name,
            "zh": segment.zh,
            "en": segment.en,
            "materials": [_material(one, found) for one in found.known.listed[segment.name]],
        }
        for segment in customer.timed(kind.starred)
    ]
    refused = [one for one in found.requests if one.code]
    names = _opened(opener, row, refused)
    return {
        "application_id": bytes(row.case_id).hex(),
        "policy": table.version,
        "source": table.source,
        "case_type": customer.name,
        "case_type_zh": customer.zh,
        "segments": segments,
        "notices": [_notice(one, found) for one in found.requests if not one.code],
        "refused": [_refused(*both, found) for both in zip(refused, names, strict=True)],
        **_money(history, table, row.customer_class),
    }


def _money(history: History, table: Policy, customer_class: str) -> Json:
    case = history, table, customer_class
    return {
        "fee": money.fee(*case).model_dump(),
        "investment": [one.model_dump(exclude={"rows"}) for one in money.boundaries(*case)],
        "charges": [{"charged_at": iso(one.at_ms), "clause": clause} for one, clause in money.charges(*case)],
    }


def told(connection: Connection, case_id: bytes, table: Policy) -> list[Json]:
    """The one-time notices of an application, as its customer reads them: no name of who asked."""
    noticed = (request.c.case_id == case_id) & (request.c.code == "")
    rows = connection.execute(select(request).where(noticed).order_by(request.c.number))
    return [
        {"segment": row.segment, "told_at": iso(row.asked_ms), "items": items(json.loads(row.items), table)}
        for row in rows
    ]


def items(told: Iterable[Sequence[str]], table: Policy) -> list[Json]:
    """What a notice tells of: (material's name, defect) of each item."""
    named = [(table.materials[name], defect) for name, defect in told]
    return [{"material": one.name, "zh": one.zh, "defect": defect} for one, defect in named]


def nevers(names: Iterable[str], table: Policy) -> list[Json]:
    """What may never be asked for, each with its clause, by the policy's names."""
    return [{"zh": one.zh, "clause": one.clause} for one in (table.nevers[name] for name in names)]


def _material(one: Material, found: Found) -> Json:
    state, origin, reason = _state(one, found)
    words = reasons.words(reason) if reason else None
    papers = [paper for paper in found.papers if paper.row.material == one.name]
    return {
        "material": one.name,
        "zh": one.zh,
        "en": one.en,
        "clause": one.clause,
        "state": state,
        "from": origin,
        "evidence": [row.kind for row in found.needs if row.kind in one.kinds and row.state == NeedState.MET],
        "reason": reason,
        "reason_zh": words.zh if words else None,
        "reason_en": words.en if words else None,
        "documents": [_paper(paper) for paper in papers],
    }


def _state(one: Material, found: Found) -> tuple[str, str, str | None]:
    """(State, from whom it comes, reason): FETCHED or AWAITED by the hub; HANDED_IN, DEFECTIVE or MISSING from the
    customer."""
    needs = [row for row in found.needs if row.kind in one.kinds]
    reason = needs[0].reason if needs else None
    if one.name in found.known.fetched:
        return "FETCHED", HUB, reason
    last = max((paper.row.number for paper in found.papers if paper.row.material == one.name), default=0)
    if last:
        return ("DEFECTIVE" if _told_after(one, last, found) else "HANDED_IN"), CUSTOMER, None
    return ("AWAITED", HUB, reason) if one.name in found.known.awaited else ("MISSING", CUSTOMER, reason)


def _told_after(one: Material, number: int, found: Found) -> bool:
    """Whether a notice after the event ``number`` named the material."""
    notices = [row for row in found.requests if not row.code and row.number > number]
    return any(name == one.name for row in notices for name, _ in json.loads(row.items))


def _paper(paper: Paper) -> Json:
    content = {name: paper.content.get(name) for name in ("reference", "sha256")}
    return {"number": paper.row.number, **content, "handed_in_at": iso(paper.row.handed_ms)}


def _notice(row: Row[Any], found: Found) -> Json:
    return _asked(row) | {"items": items(json.loads(row.items), found.known.policy)}


def _refused(row: Row[Any], names: Any, found: Found) -> Json:
    words = reasons.words(row.code)
    said = {"code": row.code, "zh": words.zh, "en": words.en, "names": names or None}
    return _asked(row) | said | {"never": nevers(json.loads(row.items), found.known.policy)}


def _asked(row: Row[Any]) -> Json:
    side = CHANNEL if row.request_id is None else CONNECTION_SYSTEM
    place = {"number": row.number, "segment": row.segment or None, "asked_by": side}
    return place | {"asked_at": iso(row.asked_ms), "client": row.client, "channel": row.channel}
