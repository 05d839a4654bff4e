"""The identity service, and the look-up of resident IDs: each call wants a ticket, which one application uses. The file
of a card is given to the application that was given the card."""

import base64
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox import truth
from sandbox.control import Endpoint, answer, application, body_of
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.gateway.files import FILE_FAULTS, file_of
from sandbox.gateway.tree import leaf_hash, root_and_paths
from sandbox.identity.cards import cards_of
from sandbox.identity.tickets import Issuer
from sandbox.world.world import World, WorldSpec

IDENTITY_FAULTS = {
    "bad_signature": "the signature of a page is not valid",
    "forgetful": "the service does not know a ticket that it signed",
    "other_person": "the check finds that it is another person",
}
_ASKED = ("channel", "externalNo", "idNumber", "mode")
_REGION, _AUTHORITY = "120000", "11120000000014000X"


def token_of(seed: int) -> str:
    """The bearer token of both interfaces."""
    return sha256(f"onecert sandbox identity token {seed}".encode()).hexdigest()[:40]


class Refused(Exception):
    """The service refuses a call. ``code`` is its own."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class IdentityService:
    """Which application used which ticket, in a file, so that a restart knows it."""

    def __init__(self, world: World, home: Path, faults: Faults) -> None:
        self.issuer = Issuer(world.spec.seed)
        self._faults = faults
        self._cards = cards_of(world)
        self._home = home
        self._state = home / "identity-state.json"
        self._lock = threading.Lock()
        known = json.loads(self._state.read_text("utf-8")) if self._state.exists() else {}
        self._used: dict[str, str] = known.get("used", {})
        self._given: list[str] = known.get("given", [])
        self._shown: dict[str, list[str]] = known.get("shown", {})
        """Key of a card → the number of its person, and of the application that was given it last."""

    def check(self, asked: Mapping[str, Any]) -> bytes:
        """Whether it is the person: one record, also when it is not."""
        said = self._use(asked)
        made = datetime.fromisoformat(said["time"])
        record = {
            "serial": said["serial"],
            "mode": said["mode"],
            "result": "NO_MATCH" if self._faults.strikes("other_person") else said["result"],
            "idNumber": asked["idNumber"],
            "application": said["externalNo"],
            "checkedAt": int(made.timestamp() * 1000),
            "authority": _AUTHORITY,
            "region": _REGION,
        }
        code = None if record["result"] == "MATCH" else "CHECK_NO_MATCH"
        self._give("identity_check", said["serial"], record["checkedAt"], code)
        return self._page([json.dumps(record, ensure_ascii=False, separators=(",", ":"))])

    def card(self, asked: Mapping[str, Any]) -> bytes:
        """The card of the person with this number, or an empty page."""
        said = self._use(asked)
        if said["mode"] == "FACE_RESULT":
            raise Refused("TICKET_RESULT_ONLY")
        card = self._cards.of(str(asked["idNumber"]))
        if card is None:
            return self._page([])
        with self._lock:
            self._shown[card.key] = [str(asked["idNumber"]), str(asked.get("bizNum", ""))]
        self._give("resident_id", card.key, card.version, card.code)
        return self._page([card.text])

    def file(self, asked: Mapping[str, Any]) -> bytes:
        """The file of a card, in base64."""
        number, application = self._shown.get(str(asked["zzbs"]), ("", ""))
        if not number or application != asked.get("bizNum"):
            raise Refused("FILE_NOT_YOURS")
        card = self._cards.of(number)
        found = file_of(card.text, self._faults) if card else None
        told = {"content": base64.b64encode(found.content).decode(), "sha256": found.digest} if found else {}
        return json.dumps({"file": told}).encode()

    def _use(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Use a ticket up. The application that used it may ask again. Raises ``Refused``."""
        said = self.issuer.read(str(asked.get("ticket", "")))
        if said is None or self._faults.strikes("forgetful"):
            raise Refused("TICKET_UNKNOWN")
        if datetime.fromisoformat(said["until"]) <= datetime.now(UTC):
            raise Refused("TICKET_EXPIRED")
        number = str(asked.get("bizNum", ""))
        if number != said["externalNo"]:
            raise Refused("TICKET_OTHER_APPLICATION")
        with self._lock:
            owner = self._used.setdefault(said["serial"], f"{said['channel']}/{number}")
            self._keep()
        if owner != f"{said['channel']}/{number}":
            raise Refused("TICKET_USED")
        return said

    def _give(self, source: str, key: str, version: int, code: str | None) -> None:
        """Write into the truth what a hub must make of a record that is given now."""
        name = f"{source}/{key}#{version}"
        line: dict[str, Any] = {"source": source, "key": key, "version": version, "operation": "UPSERT"}
        line |= {"expect": "rejected" if code else "verified", "code": code, "defect": None}
        with self._lock:
            line |= {"duplicate_of": f"{key}#{version}"} if name in self._given else {}
            self._given.append(name)
            self._keep()
            truth.append(self._home / "truth.jsonl", self._home / "truth-summary.json", [line])

    def _keep(self) -> None:
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps({"used": self._used, "given": self._given, "shown": self._shown}), "utf-8")
        fresh.replace(self._state)

    def _page(self, texts: Sequence[str]) -> bytes:
        """A signed page as the e-licence gateway gives one."""
        root, paths = root_and_paths([leaf_hash(text) for text in texts])
        signed_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        size = len(texts) + bool(texts and self._faults.strikes("bad_signature"))
        message = f"onecert-page-v1\n{root.hex()}\n{size}\n{signed_at}".encode()
        page = {
            "size": len(texts),
            "root": root.hex(),
            "signedAt": signed_at,
            "keyId": self.issuer.key_id,
            "signature": self.issuer.page_signature(message),
            "items": [
                {"record": text, "index": index, "path": [node.hex() for node in path]}
                for index, (text, path) in enumerate(zip(texts, paths, strict=True))
            ],
        }
        return json.dumps(page, ensure_ascii=False).encode()


def faults_of(seed: int) -> Faults:
    """The faults that this server knows."""
    return Faults(seed, WIRE_FAULTS | IDENTITY_FAULTS | FILE_FAULTS)


def serve(config: dict[str, Any], faults: Faults) -> ASGIApp:
    """Both interfaces as an ASGI application. ``POST /_control/ticket`` plays the person and the device in front of
    them: it gives a ticket for {channel, externalNo, idNumber, mode}."""
    spec = WorldSpec(**config["world"])
    service = IdentityService(World(spec), Path(config["home"]), faults)
    token = token_of(spec.seed)
    routes = [
        Route("/identity/checks", _called(service.check, token), methods=["POST"]),
        Route("/resident-ids/query", _called(service.card, token), methods=["POST"]),
        Route("/resident-ids/file", _called(service.file, token, "zzbs"), methods=["POST"]),
        Route("/_control/ticket", _ticket(service.issuer), methods=["POST"]),
    ]
    return application("identity", faults, routes)


def _called(work: Callable[[Mapping[str, Any]], bytes], token: str, about: str = "idNumber") -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {token}":
            return answer({"errorCode": "TOKEN_INVALID"}, 401)
        asked = await body_of(request)
        if not str(asked.get("useCause") or "").strip() or not asked.get(about):
            return answer({"errorCode": "PURPOSE_MISSING"}, 422)
        try:
            return answer(await run_in_threadpool(work, asked))
        except Refused as refused:
            return answer({"errorCode": refused.code}, 422)

    return endpoint


def _ticket(issuer: Issuer) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        asked = await body_of(request)
        channel, number, person, mode = (str(asked.get(name, "")) for name in _ASKED)
        return answer({"ticket": issuer.ticket(channel, number, person, mode or "FACE_RESULT")})

    return endpoint
