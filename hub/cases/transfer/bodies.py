"""The bodies for sinks of a joint transfer: of the matter what the utility needs to check and to transfer the account,
and of the title only the fields that the purpose allows (P3)."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import reasons, tables
from hub.cases.evidence import titles
from hub.cases.evidence.told import change, taken_back
from hub.cases.procedure import Body, Given, Moment, MustNotSend, Sending, WillNotDo
from hub.cases.times import china_time
from hub.cases.transfer.command import MATTER, NEW, OLD
from hub.cases.transfer.tables import transfer, transfer_person, transfer_recall, transfer_title
from hub.ports import Fault, Plain

_NOTICE_PURPOSE = "undeclared-transfer"
_ID_TYPES = (("uscc", "USCC"), ("resident_id", "RESIDENT_ID"))


def registration(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """The matter with its account, as it was recorded with the title: no holder yet. Raises ``MustNotSend`` when the
    subject's data was erased or does not open."""
    row = _row(connection, sending)
    matter = _matter(given, connection, sending, row)
    return {
        "channel": matter["channel"],
        "channelNo": matter["external_no"],
        "place": row.place,
        "busiType": given.purposes.get(row.purpose).busi_type,
        "reason": row.cause,
        "consNo": matter["account"],
        "unitNo": matter["unit_no"],
        "oldTitleNo": matter["title_no"],
        "keepTariff": bool(row.keep_tariff),
        "acceptedAt": china_time(sending.case.opened_ms),
    }


def check(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """The question for a check (核验): is the old holder the account's, and are there arrears?"""
    matter = _matter(given, connection, sending, _row(connection, sending))
    return {
        "questionNo": sending.piece.reading,
        "consNo": matter["account"],
        "oldHolders": _holders(given, connection, sending, OLD, matter),
    }


def transferred(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """The question for the transfer (过户): who had it and who has it, by which entry of which day. Raises
    ``WillNotDo`` when the title has changed since, ``MustNotSend`` when it may not be used, or does not open."""
    row = _row(connection, sending)
    matter = _matter(given, connection, sending, row)
    if row.record_id is None:
        raise WillNotDo(reasons.CHANGED)
    purpose = given.purposes.get(row.purpose)
    basis = purpose.basis(row.legal_basis)
    return {
        "questionNo": sending.piece.reading,
        "consNo": matter["account"],
        "oldHolders": _holders(given, connection, sending, OLD, matter),
        "newHolders": _holders(given, connection, sending, NEW, matter),
        "mandate": matter["mandate"],
        "keepTariff": bool(row.keep_tariff),
        "reason": row.cause,
        "registeredOn": row.registered_on,
        "purpose": purpose.name,
        "legalBasis": basis.code,
        "legalClause": basis.clause,
        **titles.body(given, connection, sending, row, purpose),
    }


def notice(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """That the title changed hands and the account did not, without who has it now; or that the title of a question for
    the transfer is not as it was told any more (``takesBack``). Raises as ``transferred``."""
    row = _row(connection, sending)
    matter = _matter(given, connection, sending, row)
    mine = transfer_recall.c.case_id == sending.case.case_id, transfer_recall.c.notice == sending.piece.reading
    recalled = connection.execute(select(transfer_recall).where(*mine)).one_or_none()
    if recalled is not None:
        return _recall(given, connection, sending, row, recalled) | {"consNo": matter["account"]}
    query = select(transfer_title).where(transfer_title.c.case_id == sending.case.case_id)
    query = query.where(transfer_title.c.notice <= sending.piece.piece)
    title = connection.execute(query.order_by(transfer_title.c.notice.desc()).limit(1)).one()
    purpose = given.purposes.get(_NOTICE_PURPOSE)
    basis = next(iter(purpose.bases.values()))
    return {
        "noticeNo": sending.piece.reading,
        "consNo": matter["account"],
        "registeredOn": title.registered_on,
        "purpose": purpose.name,
        "legalBasis": basis.code,
        "legalClause": basis.clause,
        **titles.body(given, connection, sending, title, purpose),
    }


def _recall(given: Given, connection: Connection, sending: Sending, row: Row[Any], recalled: Row[Any]) -> Body:
    """Of the title only what it is called: the utility has the rest, and that is over."""
    purpose = given.purposes.get(row.purpose)
    basis = purpose.basis(row.legal_basis)
    return {
        "noticeNo": sending.piece.reading,
        "takesBack": taken_back(connection, sending).reading,
        "registeredOn": recalled.registered_on,
        "purpose": purpose.name,
        "legalBasis": basis.code,
        "legalClause": basis.clause,
        **change(sending, bytes(recalled.record_id), recalled.reading, recalled),
        "fields": {},
    }


def cancellation(given: Given, connection: Connection, sending: Sending, moment: Moment) -> Body:  # noqa: ARG001
    """That the electricity side was taken back, when, and whether the title had been entered: that stays."""
    row = _row(connection, sending)
    about = tables.piece.c.case_id == sending.case.case_id, tables.piece.c.piece == sending.piece.piece
    decided_ms = connection.execute(select(tables.piece.c.decided_ms).where(*about)).scalar_one()
    return {"cancelledAt": china_time(decided_ms), "registeredOn": row.registered_on}


def _row(connection: Connection, sending: Sending) -> Row[Any]:
    return connection.execute(select(transfer).where(transfer.c.case_id == sending.case.case_id)).one()


def _matter(given: Given, connection: Connection, sending: Sending, row: Row[Any]) -> dict[str, Any]:
    """The matter; where the first new holder was erased, as the next one has it."""
    first = (sending.case.subject_id, bytes(row.sealed))
    opened = given.opener.open_values([first])[0]
    if not isinstance(opened, Fault):
        matter: dict[str, Any] = json.loads(opened)
        return matter
    persons = given.opener.open_values(
        [(bytes(one.subject_id), bytes(one.sealed)) for one in _persons(connection, sending, NEW)]
    )
    there = [json.loads(one) for one in persons if not isinstance(one, Fault)]
    if opened.code == reasons.ERASED and (known := [one[MATTER] for one in there if MATTER in one]):
        shared: dict[str, Any] = known[0]
        return shared
    raise MustNotSend(opened.code)


def _persons(connection: Connection, sending: Sending, side: str) -> Sequence[Row[Any]]:
    of_side = transfer_person.c.case_id == sending.case.case_id, transfer_person.c.side == side
    return connection.execute(select(transfer_person).where(*of_side).order_by(transfer_person.c.place)).all()


def _holders(given: Given, connection: Connection, sending: Sending, side: str, matter: dict[str, Any]) -> list[Body]:
    """Those of one side, without the ones that were erased. Raises ``MustNotSend`` when none is left, or one does not
    open. A former version of the hub had them in the matter."""
    rows = _persons(connection, sending, side)
    if not rows:
        return [_holder(one) for one in matter[f"{side.lower()}_holders"]]
    opened = given.opener.open_values([(bytes(row.subject_id), bytes(row.sealed)) for row in rows])
    broken = [one.code for one in opened if isinstance(one, Fault) and one.code != reasons.ERASED]
    there = [json.loads(one) for one in opened if not isinstance(one, Fault)]
    if broken or not there:
        raise MustNotSend(broken[0] if broken else reasons.ERASED)
    return [_holder(one) for one in there]


def _holder(one: Plain) -> Body:
    if one.get("id_number"):
        return {"name": one["name"], "idType": one["id_type"], "idNo": one["id_number"]}
    by, name = next((by, name) for by, name in _ID_TYPES if one[by])
    return {"name": one["name"], "idType": name, "idNo": one[by]}
