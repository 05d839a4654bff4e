"""Findings about sites as JSON values: codes and words for everyone who may see the application; both texts, and who
answered, for those who decide."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import reasons
from hub.cases.connection.placed.tables import place, place_answer
from hub.cases.times import iso

Json = dict[str, Any]


def rows(connection: Connection, case_id: bytes) -> Sequence[Row[Any]]:
    """The findings of a case, in their order."""
    return connection.execute(select(place).where(place.c.case_id == case_id).order_by(place.c.nth)).all()


def shown(row: Row[Any]) -> Json:
    """One finding without any text of an address."""
    words = reasons.words(row.question) if row.question else None
    return {
        "nth": row.nth,
        "record_id": bytes(row.record_id).hex() if row.record_id else None,
        "verdict": row.verdict,
        "compared_by": row.compared_by or None,
        "parts": row.parts.split(",") if row.parts else [],
        "question": row.question or None,
        "question_zh": words.zh if words else None,
        "question_en": words.en if words else None,
        "found_at": iso(row.placed_ms),
        "answer": row.answer,
        "answered_at": iso(row.answered_ms),
    }


def answers(connection: Connection, case_id: bytes) -> Sequence[Row[Any]]:
    """Every answer to the questions of a case, in their order."""
    query = select(place_answer).where(place_answer.c.case_id == case_id)
    return connection.execute(query.order_by(place_answer.c.nth, place_answer.c.number)).all()


def one_answer(row: Row[Any], sealed: bytes | None) -> Json:
    """One answer with who gave it."""
    return {"answer": row.answer, "answered_at": iso(row.answered_ms)} | answered(sealed)


def answered(sealed: bytes | None) -> Json:
    """Who answered, and the note; empty values before an answer, and where it does not open."""
    told: Json = json.loads(sealed) if sealed else {}
    return {"person": told.get("person"), "note": told.get("note")}
