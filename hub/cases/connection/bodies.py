"""The bodies for sinks of a connection application: what they need to register it, and of a record only the fields that
the purpose allows (P3)."""

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import notices, policy, reasons, tables
from hub.cases.calendar import china_day
from hub.cases.clocks import KindClock
from hub.cases.connection.command import Agent, Application
from hub.cases.connection.recall import denied
from hub.cases.connection.steps import clocks
from hub.cases.connection.tables import application
from hub.cases.connection.views import said
from hub.cases.events import Relation
from hub.cases.evidence import over
from hub.cases.evidence.original import original
from hub.cases.evidence.tables import need
from hub.cases.evidence.told import taken_back, told_reason
from hub.cases.identity.ticket import AGENT, APPLICANT
from hub.cases.policies.questions import questions
from hub.cases.procedure import Body, Given, Moment, MustNotSend, Sending, WillNotDo
from hub.cases.ratings.grades import GRADES
from hub.cases.ratings.tables import rating as ratings
from hub.cases.times import china_time
from hub.ports import Fault
from hub.privacy.purposes import minimal
from hub.records.address import parse
from hub.records.divisions import TIANJIN_DISTRICTS, present_code
from hub.records.kinds import KINDS

_ID_TYPES = {"uscc": "USCC", "resident-id": "RESIDENT_ID"}


def registration(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:
    """The application as a connection system registers it, with its channel and that channel's own number, and of who
    applies and for what only what the purpose allows. Times are China's, ISO 8601, to the minute; the capacity is in
    kW; ``questions`` are what a person should ask, and no reason to refuse. Raises ``MustNotSend`` when the applicant's
    data was erased or does not open."""
    row = _row(connection, sending)
    submitted = _submitted(given, sending, row)
    body = {
        "channel": submitted.channel,
        "channelAppNo": submitted.external_no,
        "busiType": given.purposes.get(row.purpose).busi_type,
        "orgNo": _organisation(submitted),
        "elecAddr": submitted.site.address or f"不动产单元 {submitted.site.unit_no}",
        "voltageCode": submitted.voltage,
        "contractCap": submitted.capacity_kw,
        "custType": submitted.customer_class,
        "acceptedAt": china_time(sending.case.opened_ms),
    }
    body |= _dates(row, _clock(connection, row, moment))
    if asked := questions(submitted, policy.by_version(row.policy)):
        body["questions"] = [said(one) for one in asked]
    allowed = given.purposes.get(row.purpose).registration
    more = _who(submitted) | _what(submitted) | {"noSource": _without_source(connection, sending)}
    return body | {name: value for name, value in more.items() if name in allowed and value not in ("", None, [])}


def _who(submitted: Application) -> Body:
    by, number = submitted.applicant_identifier()
    return {
        "custName": submitted.applicant.name,
        "custIdType": _ID_TYPES[by],
        "custIdNo": number,
        "agent": _agent(submitted.agent) if submitted.agent else None,
    }


def _agent(agent: Agent) -> Body:
    """Who acts for the applicant, and on what authority."""
    by, number = ("uscc", agent.uscc) if agent.uscc else ("resident-id", agent.resident_id)
    why = {"authorisation": agent.authorisation.form, "authorisationNo": agent.authorisation.reference}
    return {"name": agent.name, "idType": _ID_TYPES[by], "idNo": number, **why}


def _what(submitted: Application) -> Body:
    """That 三零 applies is a claim of the one who applies, as long as no source says that an enterprise is small."""
    who = AGENT if submitted.agent else APPLICANT
    return {
        "sources": submitted.sources,
        "important": submitted.important,
        "externalWorks": submitted.external_works,
        "sanling": submitted.sanling,
        "sanlingClaim": {"by": who, "channel": submitted.channel} if submitted.sanling else None,
        "street": parse(submitted.site.address)["town"] if submitted.site.address else "",
    }


def _without_source(connection: Connection, sending: Sending) -> list[str]:
    """The kinds of evidence that no source gives: a person must look at them."""
    query = select(need.c.kind).where(need.c.case_id == sending.case.case_id, need.c.reason == reasons.NO_SOURCE)
    return sorted(connection.execute(query).scalars())


def dates(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """The dates of the application as they are now, after they were computed again, and since when the customer asks
    for the segment that runs, where the hub was asked: by day (P5). They hold no personal value."""
    row = _row(connection, sending)
    now = _clock(connection, row, moment)
    asked_on = now.running.asked_on if now.running else None
    asked = {"askedOn": asked_on.isoformat()} if asked_on else {}
    return {"noticeNo": sending.piece.reading, **_dates(row, now), **asked}


def _clock(connection: Connection, row: Row[Any], moment: Moment) -> KindClock:
    return clocks.of(connection, row, notices.calendar(connection), china_day(moment.now))[1].now


def _dates(row: Row[Any], now: KindClock) -> Body:
    """``dueOn`` only where the policy times the whole process; otherwise the segment that runs and its last day. What
    is left of the total is in working days, at the end of today."""
    return {
        "dueOn": row.due_on if now.row.whole_process else None,
        "segment": row.segment or None,
        "segmentDueOn": row.segment_due_on,
        "provisional": bool(row.provisional),
        "workingDays": now.row.total(now.kind.starred),
        "workingDaysLeft": now.limited.left,
    }


def rating(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """What the customer said of the service: grade, words, whether the identity service checked who rated, and until
    when a bad grade is followed up. Raises ``MustNotSend`` when the applicant's data was erased or does not open."""
    row = connection.execute(select(ratings).where(ratings.c.case_id == sending.case.case_id)).one()
    opened = given.opener.open_values([(sending.case.subject_id, bytes(row.sealed))])[0]
    if isinstance(opened, Fault):
        raise MustNotSend(opened.code)
    return {
        "grade": row.grade,
        "gradeName": GRADES[row.grade].zh,
        "text": json.loads(opened)["text"],
        "ratedAt": china_time(row.rated_ms),
        "raterChecked": bool(row.checked),
        "followUpDueOn": row.follow_up_due_on,
    }


def evidence(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:
    """One piece of evidence: its assurance, why it may be used, and only the fields that the purpose allows; for a
    title of another holder the shorter list, without the holder. Raises ``WillNotDo`` for a record whose assurance the
    purpose does not accept, whose source's grant does not name the purpose, whose thing is not in force by a higher
    authority, or that has expired; ``MustNotSend`` when the applicant's data was erased or does not open, also for a
    record about another person.
    """
    row, piece, opened = _row(connection, sending), sending.piece, sending.opened
    _submitted(given, sending, row)
    assert opened is not None and opened.record is not None
    purpose = given.purposes.get(row.purpose)
    if not purpose.accepts(piece.kind, opened.envelope["assurance"]):
        raise WillNotDo(reasons.ASSURANCE_LOW)
    if not given.permits(opened.envelope["source"]["system"], purpose.name):
        raise WillNotDo(reasons.PURPOSE_NOT_GRANTED)
    assert piece.record_id is not None
    denial = denied.of(connection, sending.case.case_id, piece.record_id)
    if denial or over.overruled(connection, piece.record_id, given.authorities):
        raise WillNotDo(reasons.CHANGED)
    kind = KINDS[piece.kind]
    until = opened.record[kind.principal.name].get("valid_until")
    if kind.expires and until is not None and until < china_day(moment.now):
        raise WillNotDo(reasons.EXPIRED)
    rule = purpose.evidence[piece.kind]
    alone = piece.holder_relation in (Relation.SELF, Relation.NONE)
    archived = original(opened) if rule.original and alone else None
    return {
        "pieceNo": piece.piece,
        "kind": piece.kind,
        "recordId": sending.reference,
        "reading": piece.reading,
        "assurance": opened.envelope["assurance"],
        "verifiedAt": china_time(sending.judged_ms),
        "purpose": purpose.name,
        "legalBasis": row.legal_basis,
        "legalClause": purpose.basis(row.legal_basis).clause,
        "holderRelation": piece.holder_relation,
        "fields": minimal(opened.record, rule.fields_other if piece.holder_relation == Relation.OTHER else rule.fields),
        **({"original": archived} if archived else {}),
    }


def withdrawal(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """That evidence which a sink has does not count any more: which, why, since when the hub knows it, and when its
    source changed it (``None`` where that gives no time, or a person took back that it is of the site). It holds no
    personal value. Raises ``WillNotDo`` when the record is the current one again."""
    taken = taken_back(connection, sending)
    record_id = bytes(taken.record_id)
    found = denied.of(connection, sending.case.case_id, record_id) or over.instead(
        connection, record_id, given.authorities
    )
    if found is None:
        raise WillNotDo(reasons.CHANGED)
    return {
        "kind": taken.kind,
        "recordId": sending.refer(record_id),
        "reading": taken.reading,
        "reason": told_reason(found.reason),
        "withdrawnAt": china_time(found.learned_ms),
        "changedAt": china_time(found.changed_ms),
    }


def cancellation(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """That the application was taken back: when, and by whom. Raises ``MustNotSend`` when the applicant's data was
    erased or does not open."""
    submitted = _submitted(given, sending, _row(connection, sending))
    about = tables.piece.c.case_id == sending.case.case_id, tables.piece.c.piece == sending.piece.piece
    decided_ms = connection.execute(select(tables.piece.c.decided_ms).where(*about)).scalar_one()
    return {"reason": AGENT if submitted.agent else APPLICANT, "cancelledAt": china_time(decided_ms)}


def _row(connection: Connection, sending: Sending) -> Row[Any]:
    return connection.execute(select(application).where(application.c.case_id == sending.case.case_id)).one()


def _submitted(given: Given, sending: Sending, row: Row[Any]) -> Application:
    """The application as submitted. Raises ``MustNotSend`` when it was erased or does not open."""
    opened = given.opener.open_values([(sending.case.subject_id, bytes(row.sealed))])[0]
    if isinstance(opened, Fault):
        raise MustNotSend(opened.code)
    return Application.model_validate_json(opened)


def _organisation(submitted: Application) -> str:
    """The division of the site as it is now: the county of its unit number, or the address's district; "" when neither
    says."""
    if submitted.site.unit_no:
        return present_code(submitted.site.unit_no[:6])
    return TIANJIN_DISTRICTS.get(parse(submitted.site.address or "")["district"], "")
