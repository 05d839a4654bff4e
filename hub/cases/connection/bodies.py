"""What the connection system is sent: what it needs to register, and of a record only what the purpose allows (P3)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from hub.cases.connection.command import Application
from hub.cases.evidence.matching import OTHER
from hub.clock import CHINA
from hub.ports import Plain
from hub.privacy.purposes import Purpose, minimal
from hub.records.address import parse
from hub.records.divisions import TIANJIN_DISTRICTS

Body = dict[str, Any]


def registration(case: Row[Any], application: Application, purpose: Purpose) -> Body:
    """The application as the connection system registers it, with the channel that it came by and that channel's own
    number. Times are China's, ISO 8601, in minutes; capacity in kW."""
    body = {
        "channel": application.channel,
        "channelAppNo": application.external_no,
        "busiType": purpose.busi_type,
        "orgNo": _organisation(application),
        "elecAddr": application.site.address or f"不动产单元 {application.site.unit_no}",
        "voltageCode": application.voltage,
        "contractCap": application.capacity_kw,
        "custType": application.customer_class,
        "acceptedAt": china_time(case.submitted_ms),
        "dueOn": case.due_on,
    }
    return body | ({"custName": application.applicant.name} if application.applicant.name else {})


def evidence(
    piece: Row[Any], reference: str, envelope: Mapping[str, Any], record: Plain, judged_ms: int, purpose: Purpose
) -> Body:
    """One piece of evidence: how far it can be trusted, why it may be used, and just the fields that may leave.
    ``reference`` is what this sink calls the record."""
    rule = purpose.evidence[piece.kind]
    return {
        "pieceNo": piece.piece,
        "kind": piece.kind,
        "recordId": reference,
        "assurance": envelope["assurance"],
        "verifiedAt": china_time(judged_ms),
        "purpose": purpose.name,
        "legalBasis": piece.legal_basis,
        "legalClause": purpose.basis(piece.legal_basis).clause,
        "holderRelation": piece.holder_relation,
        "fields": minimal(record, rule.fields_other if piece.holder_relation == OTHER else rule.fields),
    }


def _organisation(application: Application) -> str:
    """The division of the site: the county of its unit number, or the address's district; "" when neither says."""
    if application.site.unit_no:
        return application.site.unit_no[:6]
    return TIANJIN_DISTRICTS.get(parse(application.site.address or "")["district"], "")


def china_time(at_ms: int) -> str:
    """ISO 8601 in China's time, cut down to the minute: a time in milliseconds would name the event on a topic (P5).

    >>> china_time(1_600_000_000_000)
    '2020-09-13T20:26+08:00'
    """
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(CHINA).isoformat(timespec="minutes")
