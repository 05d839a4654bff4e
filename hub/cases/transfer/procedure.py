"""The joint transfer of a title and its electricity account as a procedure (房产+用电联合过户). One case is one account
at one property unit: several accounts of a title, and several titles of an account, each continue by themselves.

    checking ──clear──▶ ready ──entry──▶ transferring ──applied──▶ applied ──done──▶ done | failed
       │  ▲                                ▲   │ arrears
    arrears paid          entered ──clear──┘   ▼
       ▼  │                                  owing ──paid──▶ transferring
      arrears

The registry's entry is heard; nothing holds it back, and nothing undoes it. See ``states`` and docs/transfer.md.
"""

from hub.cases.events import REGISTRATION
from hub.cases.procedure import Procedure
from hub.cases.transfer import bodies
from hub.cases.transfer.decide import decide
from hub.cases.transfer.events import CANCELLATION, CHECK, EVENTS, NOTICE, TRANSFER
from hub.cases.transfer.gather import gather
from hub.cases.transfer.hears import DUE, HEARS, NAME
from hub.cases.transfer.project import project
from hub.cases.transfer.tables import TABLES

PROCEDURE = Procedure(
    name=NAME,
    events=EVENTS,
    hears=HEARS,
    due=DUE,
    gather=gather,
    decide=decide,
    project=project,
    tables=TABLES,
    sinks={
        REGISTRATION: bodies.registration,
        CHECK: bodies.check,
        TRANSFER: bodies.transferred,
        CANCELLATION: bodies.cancellation,
        NOTICE: bodies.notice,
    },
)
