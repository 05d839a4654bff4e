"""Rules for dates and validity, for the status, and for the source's proof."""

from datetime import date

from hub.ports import Plain
from hub.records.identifiers import check_resident_id, resident_id_birth
from hub.records.rules.base import NOTHING, Context, Finding, Findings, found, rule


def validity(part: Plain, name: str, record: Plain, context: Context, expires: bool) -> Findings:
    """Compare the dates of the part ``name`` with each other and with the day of judging.

    ``DATE_ORDER``: the validity ends before it begins, or with ``expires`` before the day of issue. ``EXPIRED`` only
    with ``expires``, and only if the source calls the record current: an ended licence that is marked as ended is
    correct. A date is in the future from the day after ``context.latest``.
    """
    today, issued, start, end = context.judged_on, part["issued_on"], part["valid_from"], part["valid_until"]
    # The fast path: nearly all records are in order, and most have no end.
    if issued <= today and (start is None or start <= today) and (end is None or _in_order(issued, start, end, today)):
        return NOTHING
    return list(_findings(part, name, record, context, expires))


def _in_order(issued: date, start: date | None, end: date, today: date) -> bool:
    return end >= today and end >= issued and (start is None or end >= start)


def _findings(part: Plain, name: str, record: Plain, context: Context, expires: bool) -> Findings:
    today, latest = context.judged_on, context.latest
    issued, start, end = part["issued_on"], part["valid_from"], part["valid_until"]
    findings = []
    if end is not None and ((expires and end < issued) or (start is not None and end < start)):
        findings.append(Finding("DATE_ORDER", f"{name}.valid_until"))
    if issued > latest:
        findings.append(Finding("DATE_FUTURE", f"{name}.issued_on"))
    current = record["status"] == "CURRENT" and record["source"]["operation"] == "UPSERT"
    if expires and current and end is not None and end < today:
        findings.append(Finding("EXPIRED", f"{name}.valid_until"))
    if start is not None and start > latest:
        findings.append(Finding("NOT_YET_VALID", f"{name}.valid_from"))
    return findings


@rule("DATE_ORDER", "DATE_FUTURE", "EXPIRED", "NOT_YET_VALID", kinds=("licence.resident-id",))
def card_validity(record: Plain, context: Context) -> Findings:
    """The dates on the resident ID card.

    >>> holder = {"issued_on": date(2010, 1, 1), "valid_from": date(2010, 1, 1), "valid_until": date(2020, 1, 1)}
    >>> record = {"holder": holder, "status": "CURRENT", "source": {"operation": "UPSERT"}}
    >>> card_validity(record, Context(date(2024, 1, 1)))
    [Fault(code='EXPIRED', field='holder.valid_until')]
    """
    return validity(record["holder"], "holder", record, context, expires=True)


@rule("DATE_ORDER", "DATE_FUTURE", "EXPIRED", "NOT_YET_VALID", kinds=("licence.business",))
def business_validity(record: Plain, context: Context) -> Findings:
    """The dates on the business licence.

    >>> enterprise = {"issued_on": date(2020, 1, 1), "valid_from": None, "valid_until": None}
    >>> business_validity({"enterprise": enterprise}, Context(date(2024, 1, 1)))
    ()
    """
    return validity(record["enterprise"], "enterprise", record, context, expires=True)


@rule("DATE_ORDER", "DATE_FUTURE", "NOT_YET_VALID", kinds=("licence.property-title",), since=2)
def title_validity(record: Plain, context: Context) -> Findings:
    """The dates on the title. Start and end are those of the land-use term: the term may have ended before this title
    was registered, and a title does not end with it (民法典 §359).

    >>> unit = {"issued_on": date(2021, 3, 4), "valid_from": date(2017, 1, 1), "valid_until": date(2016, 6, 30)}
    >>> record = {"unit": unit, "status": "CURRENT", "source": {"operation": "UPSERT"}}
    >>> title_validity(record, Context(date(2024, 1, 1)))
    [Fault(code='DATE_ORDER', field='unit.valid_until')]
    >>> title_validity({**record, "unit": unit | {"valid_from": None}}, Context(date(2024, 1, 1)))
    []
    """
    return validity(record["unit"], "unit", record, context, expires=False)


@rule("DATE_ORDER", "DATE_FUTURE", "EXPIRED", "NOT_YET_VALID", kinds=("project.approval",))
def approval_validity(record: Plain, context: Context) -> Findings:
    """The dates of the approval, and of the works.

    >>> project = {"issued_on": date(2020, 1, 1), "valid_from": None, "valid_until": None,
    ...            "planned_start": date(2021, 1, 1), "planned_completion": date(2020, 6, 1)}
    >>> approval_validity({"project": project}, Context(date(2024, 1, 1)))
    (Fault(code='DATE_ORDER', field='project.planned_completion'),)
    """
    project = record["project"]
    return (*validity(project, "project", record, context, expires=True), *_works(project))


@rule("DATE_ORDER", kinds=("project.information",))
def works_in_order(record: Plain, _context: Context) -> Findings:
    """The works are not planned to end before they begin.

    >>> project = {"planned_start": date(2021, 1, 1), "planned_completion": date(2020, 6, 1)}
    >>> works_in_order({"project": project}, None)
    (Fault(code='DATE_ORDER', field='project.planned_completion'),)
    """
    return _works(record["project"])


def _works(project: Plain) -> Findings:
    start, completion = project["planned_start"], project["planned_completion"]
    late = start is not None and completion is not None and completion < start
    return found("DATE_ORDER", "project.planned_completion") if late else NOTHING


@rule("DATE_ORDER", "DATE_FUTURE", kinds=("licence.resident-id",))
def birth_before_issue(record: Plain, context: Context) -> Findings:
    """The birth date is not after the day of judging, and not after the day of issue.

    >>> holder = {"birth": date(2020, 1, 1), "issued_on": date(2019, 1, 1)}
    >>> birth_before_issue({"holder": holder}, Context(date(2024, 1, 1)))
    (Fault(code='DATE_ORDER', field='holder.issued_on'),)
    """
    holder = record["holder"]
    if holder["birth"] > context.latest:
        return found("DATE_FUTURE", "holder.birth")
    return found("DATE_ORDER", "holder.issued_on") if holder["issued_on"] < holder["birth"] else NOTHING


def _unborn(party: Plain, field: str, context: Context) -> Findings:
    """``DATE_FUTURE`` for a number of a person (GB 11643) who is born after the day of judging."""
    number = party["id_number"]
    future = number is not None and check_resident_id(number) is None and _born(number) > context.latest
    return found("DATE_FUTURE", field) if future else NOTHING


def _born(number: str) -> date:
    return resident_id_birth(number) or date.min


@rule("DATE_FUTURE", kinds=("licence.business",), since=2)
def representative_is_born(record: Plain, context: Context) -> Findings:
    """The birth date in the number of the legal representative is not after the day of judging.

    >>> party = {"id_number": "120104209912310016"}
    >>> representative_is_born({"legal_representative": party}, Context(date(2024, 1, 1)))
    (Fault(code='DATE_FUTURE', field='legal_representative.id_number'),)
    """
    return _unborn(record["legal_representative"], "legal_representative.id_number", context)


@rule("DATE_FUTURE", kinds=("licence.property-title",), since=2)
def holders_are_born(record: Plain, context: Context) -> Findings:
    """The birth date in the number of each holder is not after the day of judging.

    >>> holders_are_born({"holders": [{"id_number": "360426199101010071"}]}, Context(date(2024, 1, 1)))
    []
    """
    holders = enumerate(record["holders"])
    return [one for place, holder in holders for one in _unborn(holder, f"holders.{place}.id_number", context)]


@rule("STATUS_UNKNOWN")
def status_known(record: Plain, _context: Context) -> Findings:
    """The source's status is known. For an unknown one, an operator must extend the connector's ``codes.csv``.

    >>> status_known({"status": "UNKNOWN"}, None)
    (Fault(code='STATUS_UNKNOWN', field='status'),)
    """
    return found("STATUS_UNKNOWN", "status") if record.get("status") == "UNKNOWN" else NOTHING


@rule("PROOF_MISSING", "PROOF_INVALID")
def proof_holds(record: Plain, context: Context) -> Findings:
    """The proof that the assurance requires is there and valid. The caller checks it; ``None``: it was not checked.

    >>> proof_holds({"assurance": "SIGNED_RESPONSE"}, Context(date(2024, 1, 1), proof="missing"))
    (Fault(code='PROOF_MISSING', field='assurance'),)
    """
    if context.proof is None or context.proof == "valid":
        return NOTHING
    if context.proof == "invalid":
        return found("PROOF_INVALID", "assurance")
    return found("PROOF_MISSING", "assurance") if record["assurance"] != "CHANNEL_ONLY" else NOTHING
