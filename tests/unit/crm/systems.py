"""A connection system that keeps the contract, in memory; tests break it in one place at a time."""

import json
import threading
from base64 import b64decode
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.crm import TIME, Raw, answer

TOKEN = "right"
_NEEDED = {
    **{"applications": "orgNo", "evidence": "fields", "dates": "dueOn"},
    **{"withdrawals": "recordId", "ratings": "grade", "warnings": "recipients", "recalls": "recordId"},
    "handovers": "registeredOn",
}
_NEEDED |= {
    **{"transfers": "consNo", "transfer-checks": "questionNo", "transfer-pushes": "newHolders"},
    **{"transfer-cancellations": "registeredOn", "transfer-notices": "noticeNo"},
}
BYTES_MAX = 1_048_576


class Good:
    """Each method is one place that a test may break. It deduplicates: the same key gets the same number."""

    def __init__(self) -> None:
        self.url = ""
        self.pieces: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.numbers = count(1)

    # ---- a call ----

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        """The answer to one call."""
        if not self.knows(headers):
            return self.error(401, "UNAUTHORISED")
        if target.startswith(("/steps", "/transfer-reports")):
            return self.steps(parse_qs(urlsplit(target).query, keep_blank_values=True))
        parts, query = urlsplit(target).path.split("/"), parse_qs(urlsplit(target).query)
        what = parts[-1] if "transfers" not in parts[1:-1] else f"transfer-{parts[-1]}"
        by = {"applications": "externalAppNo", "transfers": "transferNo"}.get(what)
        if method == "GET":
            number = query[by][0] if by else parts[-2]
            return self.find(what, number, query.get("key", [""])[0])
        if len(body) != int(headers["content-length"]):
            return self.incomplete(what, headers, body)
        if len(body) > BYTES_MAX:
            return self.error(413, "TOO_LARGE")
        sent = json.loads(body)
        number = sent[by] if by else parts[-2]
        return self.take(what, number, headers["idempotency-key"], sent)

    def knows(self, headers: Any) -> bool:
        return bool(headers["authorization"] == f"Bearer {TOKEN}")

    def incomplete(self, what: str, headers: Any, body: bytes) -> Any:
        return self.error(400, "INCOMPLETE")

    def error(self, status: int, code: str) -> Raw:
        return answer({"errorCode": code, "message": "不符合要求"}, status)

    # ---- POST ----

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if _NEEDED.get(what, "reason") not in sent:
            return self.error(422, "FIELD_MISSING")
        with self.lock:
            first = "transfers" if what.startswith("transfer") else "applications"
            if what != first and not self.of(first, number):
                return self.unknown(what, number, key, sent)
            for piece in self.pieces:
                if piece["key"] == key:
                    return self.again(piece, sent)
            if refusal := self.refuses(what, number, sent):
                return self.error(422, refusal)
            piece = self.made(what, number, key, sent)
            self.keep(piece)
        return self.yes(piece)

    def refuses(self, what: str, number: str, sent: Any) -> str:
        """Why a piece with its fields is not taken; "" where it is."""
        if what == "ratings" and self.of(what, number):
            return "RATED_BEFORE"
        original = sent.get("original")
        if original and sha256(b64decode(original["content"])).hexdigest() != original["sha256"]:
            return "DIGEST_WRONG"
        return ""

    def unknown(self, what: str, number: str, key: str, sent: Any) -> Any:
        return self.error(422, "APPLICATION_UNKNOWN")

    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        return self.yes(piece) if piece["sent"] == sent else self.error(409, "KEY_TAKEN")

    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        return {"what": what, "number": number, "key": key, "sent": sent, "receipt": f"N{next(self.numbers)}"}

    def keep(self, piece: dict[str, Any]) -> None:
        self.pieces.append(piece)

    def yes(self, piece: dict[str, Any]) -> Any:
        return answer({field_of(piece["what"]): piece["receipt"], "receivedAt": TIME}, 201)

    # ---- GET ----

    def of(self, what: str, number: str) -> list[dict[str, Any]]:
        return [piece for piece in self.pieces if (piece["what"], piece["number"]) == (what, number)]

    def find(self, what: str, number: str, key: str) -> Any:
        items = [self.item(piece) for piece in self.of(what, number) if not key or piece["key"] == key]
        return self.listed(items)

    def listed(self, items: list[dict[str, Any]]) -> Any:
        return answer({"items": items, "total": len(items)})

    def item(self, piece: dict[str, Any]) -> dict[str, Any]:
        return {field_of(piece["what"]): piece["receipt"], "idempotencyKey": piece["key"], "receivedAt": TIME}

    # ---- the lists of steps and of reports ----

    def steps(self, query: dict[str, list[str]]) -> Any:
        after, limit = query["after"][0], int(query["limit"][0])
        if not (after or "0").isdecimal():
            return self.error(422, "PLACE_UNKNOWN")
        return self.page(int(after or 0), limit)

    def page(self, first: int, limit: int) -> Any:
        events = [{"eventId": f"E{nth}"} for nth in range(1, 6)]
        shown = events[first : first + limit]
        end = first + len(shown)
        return answer({"items": shown, "next": str(end), "more": end < len(events)})


def field_of(what: str) -> str:
    return "appNo" if what == "applications" else "receiptNo"
