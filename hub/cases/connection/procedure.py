"""The connection application as a procedure (用电报装).

    (none) ──submit──▶ open ──hold──▶ held ──release──▶ open

It is registered when it is submitted and waits for nothing. The deliveries of a held application wait; its time limit
continues.
"""

from hub.cases.connection import bodies
from hub.cases.connection.agreed.tables import agreement
from hub.cases.connection.decide import decide
from hub.cases.connection.events import CANCELLATION, DATES, EVENTS
from hub.cases.connection.gather import gather
from hub.cases.connection.handed import shown as handed
from hub.cases.connection.handed.events import HANDOVER
from hub.cases.connection.handed.tables import handover
from hub.cases.connection.hears import DUE, HEARS, NAME
from hub.cases.connection.materials.tables import document, request
from hub.cases.connection.placed.tables import place, place_answer
from hub.cases.connection.project import project
from hub.cases.connection.recall import shown as recalls
from hub.cases.connection.recall.events import RECALL, WITHDRAWAL
from hub.cases.connection.recall.tables import recall
from hub.cases.connection.tables import application
from hub.cases.connection.warnings import shown
from hub.cases.connection.warnings.events import WARNING
from hub.cases.connection.warnings.tables import warning
from hub.cases.events import REGISTRATION
from hub.cases.evidence.tables import need
from hub.cases.identity.tables import ticket
from hub.cases.procedure import Procedure
from hub.cases.ratings.grades import RATING
from hub.cases.ratings.tables import rating, rating_refusal
from hub.cases.steps.tables import case_number, number_dispute, segment_request, step

PROCEDURE = Procedure(
    name=NAME,
    events=EVENTS,
    hears=HEARS,
    due=DUE,
    gather=gather,
    decide=decide,
    project=project,
    tables=(
        *(application, need, ticket, document, request, case_number, number_dispute, step),
        *(warning, recall, agreement, rating, rating_refusal, place, place_answer, handover),
        segment_request,
    ),
    sinks={
        REGISTRATION: bodies.registration,
        DATES: bodies.dates,
        WITHDRAWAL: bodies.withdrawal,
        RECALL: recalls.body,
        HANDOVER: handed.body,
        RATING: bodies.rating,
        WARNING: shown.body,
        CANCELLATION: bodies.cancellation,
        "*": bodies.evidence,
    },
)
