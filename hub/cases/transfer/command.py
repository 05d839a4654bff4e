"""What a caller may submit for a joint transfer. It is read strictly and tidied; anything beyond it is refused (P6)."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StringConstraints, ValidationError

from hub.cases.agreement.parties import is_legible
from hub.cases.connection.command import Applicant, Authorisation, Part, Short, Text, refusal, tidy_party
from hub.errors import RecordRejected
from hub.privacy.purposes import Purposes
from hub.records.identifiers import (
    RESIDENCE_TYPES,
    Identity,
    check_licence_id,
    check_residence_number,
    check_resident_id,
    check_unit_number,
    identity_of,
    resident_id_birth,
    tidy,
)
from hub.records.text import callers_fault

MATTERS_MAX = 500
"""Most matters in one submission: first registrations come in bulk."""
ACCOUNTS_MAX = 20
"""Most accounts of one title."""
HOLDERS_MAX = 50
"""Most holders on one side of a matter."""
ACCOUNT_NO = "utility.account-no"
OLD, NEW = "OLD", "NEW"
"""The side of a holder."""
MATTER = "matter"
"""Field of a sealed holder: the matter."""
_OF_PERSONS = {"accounts": True, "old_holders": True, "new_holders": True}
_DOCUMENT = ("id_type", "id_number")
NAME = "transfer"
Reason = Literal["PURCHASE", "INHERITANCE", "DIVISION", "FIRST_REGISTRATION"]
Document = Literal["PASSPORT", "HK_MACAO_PERMIT", "TAIWAN_PERMIT", "FOREIGNER_PERMIT", "OTHER"]
"""The document of a holder who has no resident ID, as titles name it: OTHER is for example a military paper."""
Account = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{4,32}$")]


class Holder(Applicant):
    """An old or a new holder, with the whole name and one certificate: a resident ID, a USCC, or kind and number of
    another document. ``confirmed``: this one has agreed to the joint transfer, where the channel asked."""

    id_type: Document | None = None
    id_number: Short | None = None
    confirmed: bool = False

    def plain(self) -> dict[str, Any]:
        """JSON values. What a former version of the hub did not have is left out where it is not given."""
        return _known_before(self.model_dump(), *_DOCUMENT)


class Matter(Part):
    """The transfer of one title with its electricity accounts. The title is named by its unit, or by the number of the
    old title, in any form. ``mandate``: why one of the new holders may act for all."""

    unit_no: str | None = None
    title_no: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    accounts: Annotated[list[Account], Field(min_length=1, max_length=ACCOUNTS_MAX)]
    old_holders: Annotated[list[Holder], Field(min_length=1, max_length=HOLDERS_MAX)]
    new_holders: Annotated[list[Holder], Field(min_length=1, max_length=HOLDERS_MAX)]
    mandate: Authorisation | None = None
    keep_tariff: bool = True


class Submission(Part):
    """One submission. ``external_no`` is the caller's own number, unique in its channel."""

    external_no: Short
    channel: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    reason: Reason
    purpose: Text = "joint-transfer"
    legal_basis: Short
    matters: Annotated[list[Matter], Field(min_length=1, max_length=MATTERS_MAX)]

    def canonical(self) -> bytes:
        """Canonical JSON, UTF-8: the same bytes for the same content. Two submissions under one number are compared by
        it, so a field that a former version of the hub did not have is left out where it is not given."""
        whole = self.model_dump()
        return canonical(whole | {"matters": [_as_before(one) for one in whole["matters"]]})

    def transfers(self) -> "list[Transfer]":
        """Each account of each title, on its own."""
        return [
            Transfer(place, self, matter, account)
            for place, (matter, account) in enumerate(
                (matter, account) for matter in self.matters for account in matter.accounts
            )
        ]


def canonical(content: Any) -> bytes:
    """Canonical JSON, UTF-8."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _as_before(matter: dict[str, Any]) -> dict[str, Any]:
    mandate = matter["mandate"]
    sides = {side: matter[side] for side in ("old_holders", "new_holders") if side in matter}
    return (
        matter
        | {"mandate": mandate and _known_before(mandate, "signed_on")}
        | {side: [_known_before(one, *_DOCUMENT) for one in holders] for side, holders in sides.items()}
    )


def _known_before(part: Mapping[str, Any], *later: str) -> dict[str, Any]:
    return {name: value for name, value in part.items() if value is not None or name not in later}


class Transfer(NamedTuple):
    """One account of one title. ``place``: in its submission, from 0."""

    place: int
    submission: Submission
    matter: Matter
    account: str

    def sealed(self) -> dict[str, Any]:
        """What is stored of it, sealed: JSON values, without its holders."""
        submission, matter = self.submission, _as_before(self.matter.model_dump(exclude=_OF_PERSONS))
        told = {"external_no": submission.external_no, "channel": submission.channel, "reason": submission.reason}
        whole = sha256(submission.canonical()).hexdigest()
        return told | {"account": self.account, "whole": whole, **matter}

    def shared(self) -> dict[str, Any]:
        """What each other new holder has of it: without the mandate, which may be of one of them alone."""
        return {MATTER: self.sealed() | {"mandate": None}}

    def holders(self) -> list[tuple[str, int, Holder]]:
        """Of each side (OLD, NEW) the holders with their places. Each is sealed under the own key."""
        sides = (OLD, self.matter.old_holders), (NEW, self.matter.new_holders)
        return [(side, place, one) for side, holders in sides for place, one in enumerate(holders)]

    def field(self) -> str:
        """Where it is in its submission: the account of a matter."""
        matters = self.submission.matters
        places = [(nth, place) for nth, matter in enumerate(matters) for place in range(len(matter.accounts))]
        nth, place = places[self.place]
        return f"matters.{nth}.accounts.{place}"

    def account_identity(self) -> Identity:
        """(namespace, value) of the account in the vault."""
        return _required(identity_of(ACCOUNT_NO, self.account), self.field())

    def unit_identity(self) -> Identity | None:
        """Of the unit; ``None`` where the matter names the old title."""
        return identity_of("unit-no", self.matter.unit_no)

    def title_identity(self) -> Identity | None:
        """Of the old title; ``None`` where the matter names the unit."""
        return identity_of("title-no", self.matter.title_no)

    def holder_identities(self) -> list[Identity]:
        """Of the new holders, in their order."""
        return [holder_identity(one) for one in self.matter.new_holders]


def holder_identity(holder: Holder) -> Identity:
    """(namespace, value) of a holder in the vault, as that of a title's holder: an old number of 15 digits is the same
    person as its new one, and another document is the same by its kind and its number in canonical form."""
    if holder.id_number is not None:
        return _required(_documented(holder), "holders")
    by, value = ("uscc", holder.uscc) if holder.uscc else ("resident-id", holder.resident_id)
    return _required(identity_of(by, value), "holders")


def _documented(holder: Holder) -> Identity | None:
    return identity_of("document", f"{holder.id_type}:{holder.id_number}")


def parse(document: Mapping[str, Any], purposes: Purposes, latest: date = date.max) -> Submission:
    """A submission (parsed JSON), checked and tidied. ``latest`` is the latest day on which a holder can be born.

    Raises ``RecordRejected``: NOT_ASKED for anything beyond the list, FIELD_MISSING, FIELD_INVALID, TEXT_CONTROL,
    TEXT_ENCODING, PURPOSE_UNKNOWN, LEGAL_BASIS_UNKNOWN, DATE_FUTURE, NAME_ILLEGIBLE, HOLDER_TWICE for one person twice
    on one side, HOLDERS_SAME where no one is new, HOLDER_UNCONFIRMED for a new holder who has not agreed, where none
    acts by a mandate, MATTER_TWICE for one account of one title twice, or the code of an invalid identifier; ``field``
    says where. The message contains no value (P5).
    """
    try:
        read = Submission.model_validate(document)
    except ValidationError as error:
        raise refusal(error, Submission) from None
    purpose = purposes.get(read.purpose)
    if purpose.procedure != NAME:
        raise RecordRejected("PURPOSE_UNKNOWN", "purpose", allowed=tuple(purposes.names(NAME)))
    matters = [_tidy(one, f"matters.{place}", latest) for place, one in enumerate(read.matters)]
    _refuse_same_sides(matters, read.reason)
    basis = purpose.basis(read.legal_basis).code
    tidied = read.model_copy(update={"matters": matters, "purpose": purpose.name, "legal_basis": basis})
    _refuse_twice(tidied)
    return tidied


def _tidy(matter: Matter, path: str, latest: date) -> Matter:
    if (matter.unit_no is None) == (matter.title_no is None):
        code = "FIELD_MISSING" if matter.unit_no is None else "NOT_ASKED"
        raise RecordRejected(code, f"{path}.unit_no", "the unit, or the old title")
    changed: dict[str, Any] = {}
    if matter.unit_no is not None:
        changed["unit_no"] = number = tidy(matter.unit_no)
        if wrong := check_unit_number(number):
            raise RecordRejected(wrong, f"{path}.unit_no")
        _required(identity_of("unit-no", number), f"{path}.unit_no")
    else:
        if wrong := callers_fault(matter.title_no or ""):
            raise RecordRejected(wrong, f"{path}.title_no")
        _required(identity_of("title-no", matter.title_no), f"{path}.title_no")
    for side in ("old_holders", "new_holders"):
        holders = enumerate(getattr(matter, side))
        changed[side] = [_tidy_holder(one, f"{path}.{side}.{nth}", latest) for nth, one in holders]
        _refuse_one_twice(changed[side], f"{path}.{side}")
    if matter.mandate is not None:
        changed["mandate"] = _tidy_mandate(matter.mandate, f"{path}.mandate", latest)
    tidied = matter.model_copy(update=changed)
    if matter.mandate is None and not all(one.confirmed for one in matter.new_holders):
        raise RecordRejected("HOLDER_UNCONFIRMED", f"{path}.new_holders")
    return tidied


def _tidy_holder(holder: Holder, path: str, latest: date) -> Holder:
    """The utility knows its customers by whole names: a mask or a placeholder is none."""
    if not holder.name:
        raise RecordRejected("FIELD_MISSING", f"{path}.name")
    if not is_legible(holder.name):
        raise RecordRejected("NAME_ILLEGIBLE", f"{path}.name")
    if holder.id_type is None and holder.id_number is None:
        return holder.model_copy(update=tidy_party(holder, path, latest))
    return _tidy_documented(holder, path, latest)


def _tidy_documented(holder: Holder, path: str, latest: date) -> Holder:
    if holder.uscc is not None or holder.resident_id is not None:
        raise RecordRejected("NOT_ASKED", f"{path}.id_type", "one certificate is enough")
    if holder.id_type is None or holder.id_number is None:
        raise RecordRejected("FIELD_MISSING", f"{path}.{'id_number' if holder.id_number is None else 'id_type'}")
    tidied, field = holder.model_copy(update={"id_number": tidy(holder.id_number)}), f"{path}.id_number"
    if holder.id_type in RESIDENCE_TYPES and (wrong := check_residence_number(holder.id_type, tidied.id_number or "")):
        raise RecordRejected(wrong, field)
    sort, number = _required(_documented(tidied), field)
    if sort == "person" and check_resident_id(number) is None and (resident_id_birth(number) or date.min) > latest:
        raise RecordRejected("DATE_FUTURE", field)
    return tidied


def _tidy_mandate(mandate: Authorisation, path: str, latest: date) -> Authorisation:
    if (mandate.signed_on or "") > latest.isoformat():
        raise RecordRejected("DATE_FUTURE", f"{path}.signed_on")
    if mandate.form != "E_LICENCE":
        return mandate
    identifier = tidy(mandate.reference)
    if wrong := check_licence_id(identifier):
        raise RecordRejected(wrong, f"{path}.reference")
    return mandate.model_copy(update={"reference": identifier})


def _refuse_one_twice(holders: Sequence[Holder], path: str) -> None:
    seen = set()
    for nth, one in enumerate(holders):
        if (identity := holder_identity(one)) in seen:
            raise RecordRejected("HOLDER_TWICE", f"{path}.{nth}")
        seen.add(identity)


def _refuse_same_sides(matters: Sequence[Matter], reason: Reason) -> None:
    """Nothing changes hands, with one exception: co-owners who divide what they hold may stay the same people with
    other shares. Then the old title is named by its number, since by its holders alone it would be the entry."""
    for place, matter in enumerate(matters):
        old, new = ({holder_identity(one) for one in side} for side in (matter.old_holders, matter.new_holders))
        if old == new and (reason != "DIVISION" or matter.title_no is None):
            raise RecordRejected("HOLDERS_SAME", f"matters.{place}.new_holders")


def _refuse_twice(submission: Submission) -> None:
    seen = set()
    for one in submission.transfers():
        pair = (one.unit_identity() or one.title_identity(), one.account_identity())
        if pair in seen:
            raise RecordRejected("MATTER_TWICE", one.field())
        seen.add(pair)


def _required(identity: Identity | None, field: str) -> Identity:
    if identity is None:
        raise RecordRejected("FIELD_INVALID", field)
    return identity
