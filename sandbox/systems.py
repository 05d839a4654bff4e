"""The outside systems that the sandbox plays: ``SYSTEMS`` has one entry for each. ``launch`` starts those that it is
asked for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sandbox import readers
from sandbox.crm import CRM_FAULTS
from sandbox.exchange import tables as exchange
from sandbox.exchange.faults import TABLE_FAULTS
from sandbox.faults import WIRE_FAULTS
from sandbox.files.batches import SENDER, BatchSigner
from sandbox.files.district import District
from sandbox.files.server import FILE_FAULTS
from sandbox.files.server import load as load_batches
from sandbox.gateway.auth import caller_of, token_of
from sandbox.gateway.pages import PAGE_FAULTS
from sandbox.gateway.tree import PageSigner
from sandbox.identity import server as identity
from sandbox.identity.server import IDENTITY_FAULTS
from sandbox.identity.tickets import Issuer
from sandbox.platform.server import PLATFORM_FAULTS, client_of
from sandbox.projects import tables as projects
from sandbox.projects.projects import APPROVAL, REGISTER, Projects
from sandbox.readers import READER_FAULTS
from sandbox.steps.signer import CallSigner
from sandbox.world.world import World

SETTLE_S = 2.0
"""How long after a call the connection system may still carry it out, seconds, as the hub is told. This one carries it
out before it answers, or with the fault ``late`` a second later."""
STEPS_LAG_S = 5.0
"""How late a row of the step table commits at most, seconds."""
Progress = Callable[[str, int, int], None]
"""Called with (what is being made, how much is done, the total)."""
Line = dict[str, Any]
Settings = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Making:
    """What a system is given when the world is made: the world, the folder of its files, the URL of its database, and
    whether that is a file of its own."""

    world: World
    home: Path
    url: str
    own: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class System:
    """One outside system.

    ``faults``: name → what it does. ``truth``: the lines of the truth file for what its sources emit, as first loaded;
    ``emits``: how many they are, about. ``database``: the name of its SQLite file, if its sources read a database;
    ``folder``: of the folder that they read, which takes the place of the database's URL. ``load`` makes its files.
    ``desk``: the recipient of warnings that its server plays. ``secrets``: from the seed. ``connectors``: (base URL of
    its server, URL of its database, secrets) → the tables ``[connectors.*]`` of a ``hub.toml``. ``config``: more for
    its server.
    """

    faults: Mapping[str, str]
    connectors: Callable[[str, str, Mapping[str, str]], Settings]
    secrets: Callable[[int], dict[str, str]] = lambda seed: {}  # noqa: ARG005
    truth: Callable[[World], Iterable[Line]] = lambda world: ()  # noqa: ARG005
    emits: Callable[[World], int] = lambda world: 0  # noqa: ARG005
    database: str = ""
    folder: str = ""
    desk: str = ""
    load: Callable[[Making], None] = lambda making: None  # noqa: ARG005
    config: Callable[[int], dict[str, Any]] = lambda seed: {}  # noqa: ARG005


def _projects_secrets(seed: int) -> dict[str, str]:
    return {"api_key": f"projects-{token_of(seed)}"}


def _gateway_secrets(seed: int) -> dict[str, str]:
    caller, signer = caller_of(seed), PageSigner(seed)
    keys = {"key_id": signer.key_id, "public_key": signer.public_key}
    return {"rid": caller.rid, "sid": caller.sid, "secret": caller.secret, **keys}


def _district_secrets(seed: int) -> dict[str, str]:
    signer = BatchSigner(seed)
    return {"key_id": signer.key_id, "public_key": signer.public_key}


def _identity_secrets(seed: int) -> dict[str, str]:
    issuer = Issuer(seed)
    return {"token": identity.token_of(seed), "key_id": issuer.key_id, "public_key": issuer.public_key}


def _platform_secrets(seed: int) -> dict[str, str]:
    (client, secret), signer = client_of(seed), PageSigner(seed)
    keys = {"key_id": signer.key_id, "public_key": signer.public_key}
    return {"client_id": client, "client_secret": secret, **keys}


def _load_exchange(making: Making) -> None:
    engine, world = exchange.engine_of(making.url), making.world
    try:
        # In its own file, rows without the marker are from a start that was killed.
        exchange.create(engine, again=making.own)
        done = 0
        for done in exchange.load(engine, world.title_rows()):
            making.progress("exchange table", done, world.spec.size)
        # A title that comes late is not in the table yet.
        making.progress("exchange table", done, done)
    finally:
        engine.dispose()


SYSTEMS: Final[Mapping[str, System]] = {
    "business_licence": System(
        faults=WIRE_FAULTS | PAGE_FAULTS,
        connectors=lambda base, database, secrets: {"business_licence": {"url": base, **secrets}},  # noqa: ARG005
        secrets=_gateway_secrets,
        truth=lambda world: world.licence_truth(0, world.spec.size),
        emits=lambda world: world.spec.size,
    ),
    "property_title": System(
        faults=TABLE_FAULTS,
        connectors=lambda base, database, secrets: {"property_title": {"url": database}},  # noqa: ARG005
        truth=lambda world: world.title_truth(),
        emits=lambda world: world.spec.size,
        database="exchange.db",
        load=_load_exchange,
    ),
    "district_files": System(
        faults=FILE_FAULTS,
        connectors=lambda base, folder, secrets: {  # noqa: ARG005
            "district_files": {"folder": folder, "sender": SENDER, **secrets}
        },
        secrets=_district_secrets,
        truth=lambda world: District(world).truth(),
        emits=lambda world: District(world).size,
        folder="district",
        load=lambda making: load_batches(Path(making.url), making.world),
    ),
    "projects": System(
        faults=WIRE_FAULTS,
        connectors=lambda base, database, secrets: {
            **{name: {"url": database, "report_url": database} for name in (REGISTER, APPROVAL)},
            "project_approval_rest": {"url": base, **secrets},
        },
        secrets=_projects_secrets,
        config=_projects_secrets,
        truth=lambda world: Projects(world).truth(),
        emits=lambda world: 3 * Projects(world).count,
        database="projects.db",
        load=lambda making: projects.make(making.url, Projects(making.world), making.own),
    ),
    "utility_crm": System(
        faults=WIRE_FAULTS | CRM_FAULTS,
        connectors=lambda base, database, secrets: {  # noqa: ARG005
            "utility_crm": {"url": base, **secrets, "settle_s": SETTLE_S}
        },
        secrets=lambda seed: {"token": token_of(seed)},
        config=lambda seed: {"token": token_of(seed)},
    ),
    "utility_steps": System(
        faults=WIRE_FAULTS,
        connectors=lambda base, database, secrets: {
            "utility_steps": {"url": base, **secrets},
            "utility_steps_table": {"url": database, "lag_s": STEPS_LAG_S, "sweep_s": 1.0},
        },
        secrets=lambda seed: {"token": token_of(seed), "public_keys": CallSigner(seed).public_key},
        config=lambda seed: {"token": token_of(seed)},
        database="steps.db",
    ),
    "utility_transfers": System(
        faults=WIRE_FAULTS,
        connectors=lambda base, database, secrets: {"utility_transfers": {"url": base, **secrets}},  # noqa: ARG005
        secrets=lambda seed: {"token": token_of(seed), "public_keys": CallSigner(seed).public_key},
        config=lambda seed: {"token": token_of(seed)},
    ),
    "utility_pull": System(
        faults=WIRE_FAULTS | READER_FAULTS,
        connectors=lambda base, database, secrets: {"utility_pull": {}},  # noqa: ARG005
    ),
    "utility_table": System(
        faults=WIRE_FAULTS | READER_FAULTS,
        connectors=lambda base, database, secrets: {"utility_table": {"url": database}},  # noqa: ARG005
        database="outbox.db",
        load=lambda making: readers.make(making.url),
    ),
    "warning_desk": System(
        faults=WIRE_FAULTS,
        connectors=lambda base, database, secrets: {},  # noqa: ARG005
        desk="duty-desk",
        secrets=lambda seed: {"token": token_of(seed)},
        config=lambda seed: {"token": token_of(seed)},
    ),
    "provincial_licences": System(
        faults=WIRE_FAULTS | PLATFORM_FAULTS,
        connectors=lambda base, database, secrets: {"provincial_licences": {"url": base, **secrets}},  # noqa: ARG005
        secrets=_platform_secrets,
    ),
    "identity": System(
        faults=WIRE_FAULTS | IDENTITY_FAULTS,
        connectors=lambda base, database, secrets: {  # noqa: ARG005
            name: {"url": base, **secrets} for name in ("identity_check", "resident_id")
        },
        secrets=_identity_secrets,
    ),
}
"""Role → system. The server of a role is in ``serve.SERVERS``."""
WAYS: Final[Mapping[str, str]] = {"push": "utility_crm", "pull": "utility_pull", "table": "utility_table"}
"""How the connection system gets its pieces → the role that does it so."""
FIRST: Final = ("business_licence", "property_title", "utility_crm")
"""The systems that are started when none are named."""
