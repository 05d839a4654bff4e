"""Requests for materials by the connection system itself, signed. They are held against the policy's list by the same
function as those of every other side (P6); the same request gets the same answer (P2).

    signed call ── whose number? ── lock ── asked before? ── its answer again
                                                └── no ── decide ── one transaction: nonce, notice or refusal ── answer
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row

from hub.cases import reasons
from hub.cases.by import By
from hub.cases.connection.materials import decide, shown
from hub.cases.connection.materials.command import Item, Signed, read
from hub.cases.connection.materials.decide import AWAITED, FETCHED, Origin, Refused
from hub.cases.connection.materials.events import Noticed, Overasked
from hub.cases.connection.materials.service import Materials
from hub.cases.connection.materials.shown import Found
from hub.cases.policies.model import Policy
from hub.cases.steps.gather import MATERIALS, of_number
from hub.errors import RecordRejected
from hub.privacy.names import Names, hubs_number, utility_number

Json = dict[str, Any]
Admit = Callable[[Connection], None]
"""Called in the transaction that takes a request; raises what refuses the call."""
ASKED, ALLOWED, REFUSED = "ASKED", "ALLOWED", "REFUSED"
"""States of a material: the customer is told of it; it may be asked for, but not in this request; it may not be."""
_BY_THE_HUB: Final = {FETCHED: "FETCHED", AWAITED: "AWAITED"}
"""Why it may not be asked for → its state, where the hub itself has it, or looks for it."""


@dataclass(frozen=True, slots=True)
class AskedBySystem:
    """Takes requests of connection systems. ``authorities``: connector → the utility whose numbers it names;
    ``allowed(connector)`` raises ``Misconfigured`` where no grant in force lets it send."""

    materials: Materials
    authorities: Mapping[str, str]
    allowed: Callable[[str], None]

    def ask(self, connector: str, key_id: str, given: Mapping[str, Any], admit: Admit) -> Json:
        """What becomes of a request. ``key_id``: of the key that signed it.

        Raises ``RecordRejected``: NO_SUCH_APPLICATION; the codes of ``command.read``, recorded where the body names
        anything; and what ``admit`` raises. Raises ``Misconfigured`` without a grant.
        """
        self.allowed(connector)
        by = By(f"key:{key_id}", connector)
        with self.materials.store.write() as connection:
            case_id = _case_of(connection, self._names, self.authorities[connector], given)
            admit(connection)
            _, locked, found = self.materials.locked(connection, case_id)
            try:
                wanted = read(given, Signed)
            except RecordRejected as error:
                self.materials.unread(connection, locked, given, found, by)
                unread = error
            else:
                origin = _origin(self._names, self.authorities[connector], connector, wanted)
                if (before := _before(found, origin)) is not None:
                    return _again(before, found, wanted)
                made = _decided(found, wanted, origin)
                self.materials.append(connection, locked, made, found, by)
                return _answer(made, found, wanted)
        raise unread

    @property
    def _names(self) -> Names:
        names = self.materials.journal.given.names
        assert names is not None, "an installation that knows steps has names for them"
        return names


def _case_of(connection: Connection, names: Names, authority: str, given: Mapping[str, Any]) -> bytes:
    """The case that a request is about: of the hub's number, or where there is none of the utility's own."""
    hubs, own = given.get("externalAppNo"), given.get("appNo")
    if isinstance(hubs, str) and hubs:
        identity = hubs_number(hubs)
    else:
        identity = utility_number(authority, own) if isinstance(own, str) else None
    number_id = names.find(identity) if identity else None
    case_id = of_number(connection, number_id) if number_id else None
    if case_id is None:
        raise RecordRejected("NO_SUCH_APPLICATION")
    return case_id


def _origin(names: Names, authority: str, connector: str, wanted: Signed) -> Origin:
    content = json.dumps([wanted.segment, [[one.material, one.defect] for one in wanted.items]], ensure_ascii=False)
    request = names.event(authority, wanted.requestId, MATERIALS)
    return Origin(request, names.event(authority, content, f"{MATERIALS} {wanted.requestId}"), connector)


def _before(found: Found, origin: Origin) -> Row[Any] | None:
    """The same request, where it was made before."""
    same = (origin.request, origin.content)
    return next((one for one in found.requests if (one.request_id, one.content_id) == same), None)


def _decided(found: Found, wanted: Signed, origin: Origin) -> Noticed | Refused:
    if any(one.request_id == origin.request for one in found.requests):
        return decide.conflict(found.known, wanted, origin)
    return decide.notice(found.known, wanted, origin)


def _answer(made: Noticed | Refused, found: Found, wanted: Signed) -> Json:
    event = made.event if isinstance(made, Refused) else made
    if isinstance(event, Overasked):
        return _told(wanted, found, event.code, event.answers, event.nevers, ())
    return _told(wanted, found, "", event.answers, (), event.items)


def _again(row: Row[Any], found: Found, wanted: Signed) -> Json:
    answers, items = json.loads(row.answers), json.loads(row.items)
    return _told(wanted, found, row.code, answers, items if row.code else (), () if row.code else items)


def _told(wanted: Signed, found: Found, code: str, answers: Any, nevers: Any, told: Any) -> Json:
    """The answer, from what is stored and from the request: so it is the same at each time."""
    table = found.known.policy
    words = reasons.words(code) if code else None
    return {
        "request_id": wanted.requestId,
        "segment": wanted.segment,
        "state": _BY_THE_HUB.get(code, REFUSED) if code else ASKED,
        "reason": code or None,
        "reason_zh": words and words.zh,
        "reason_en": words and words.en,
        "items": [_item(table, *both, code) for both in zip(wanted.items, answers, strict=True)],
        "never": shown.nevers(nevers, table),
        "told": shown.items(told, table),
    }


def _item(table: Policy, wanted: Item, answer: str, code: str) -> Json:
    """The answer to one material. One that the policy does not know is not repeated: its place in the list tells."""
    words = reasons.words(answer) if answer else None
    listed = (one for one in table.materials.values() if wanted.material in (one.name, one.zh))
    allowed = ALLOWED if code else ASKED
    return {
        "material": next((one.name for one in listed), None),
        "state": _BY_THE_HUB.get(answer, REFUSED) if answer else allowed,
        "reason": answer or None,
        "reason_zh": words and words.zh,
        "reason_en": words and words.en,
    }
