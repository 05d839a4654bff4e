"""Cases for tests of the audit: facts of one day each, and accounts of them under the table of 2022."""

from datetime import date, datetime
from typing import Any

from hub.audit.account import Account
from hub.cases import policy
from hub.cases.calendar import Calendar
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, SUPPLY_PLAN, Action, Fact, Kind
from hub.clock import CHINA

POLICY = policy.by_version("tianjin-2022")
SINGLE, DUAL, STARRED = Kind("high-single", False), Kind("high-dual", False), Kind("high-single", True)
RESIDENT, SANLING, OTHER = Kind("low-resident", False), Kind("low-sanling", False), Kind("low-other", False)
START, END, RETURN = Action.START, Action.END, Action.RETURN
CASE = bytes.fromhex("00" * 15 + "01")


def ms(moment: str) -> int:
    """A moment in China: a day, which means ten o'clock, or a day and a time."""
    text = moment if "T" in moment else f"{moment}T10:00:00"
    return int(datetime.fromisoformat(text).replace(tzinfo=CHINA).timestamp() * 1000)


def fact(segment: str, action: Action, at: str, written: str = "", received: str = "", **more: Any) -> Fact:
    """An event; it was written down and received at once unless told otherwise. Its id is what it says."""
    name = f"{segment} {action} {at}".encode()
    given = {"event": name, "record_id": name, "recorded_ms": ms(written or at)} | more
    return Fact(segment=segment, action=action, occurred_ms=ms(at), received_ms=ms(received or written or at), **given)


def account(*facts: Fact, kind: Kind = OTHER, submitted: str = "2022-03-01T09:00:00", **more: Any) -> Account:
    """A case that was submitted on the first of March 2022."""
    given = {"case_id": CASE, "today": date(2022, 6, 1)} | more
    return Account(submitted_ms=ms(submitted), kind=kind, facts=facts, policy=POLICY, calendar=Calendar(), **given)


HONEST = (
    fact(ACCEPTANCE, START, "2022-03-01T11:00:03"),
    fact(ACCEPTANCE, END, "2022-03-02T10:12:40"),
    fact(SUPPLY_PLAN, END, "2022-03-04T15:20:31"),
    fact(COMPLETION, START, "2022-03-14T09:30:12", requested_ms=ms("2022-03-14T09:10:00")),
    fact(COMPLETION, END, "2022-03-16T16:45:07"),
)
"""A low-voltage case that met every limit of 2022."""
