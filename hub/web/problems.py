"""Errors as problem documents (RFC 9457) with a stable code and a message in Chinese and English."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import JSONResponse

from hub.cases import reasons
from hub.errors import HubError, RecordRejected, Unavailable

STATUS: Final = {
    "UNREADABLE": 400,
    "UNAUTHORISED": 401,
    **dict.fromkeys(
        (
            *("SIGNATURE_MISSING", "SIGNATURE_FORM", "SIGNATURE_COVERS", "SIGNATURE_TIME", "SIGNATURE_KEY"),
            *("SIGNATURE_WRONG", "SIGNATURE_DIGEST", "SIGNATURE_USED"),
        ),
        401,
    ),
    "RATING_NO_EVIDENCE": 401,
    "FORBIDDEN": 403,
    "CHANNEL_NOT_YOURS": 403,
    "DIVISION_NOT_YOURS": 403,
    "PURPOSE_NOT_YOURS": 403,
    "NO_SUCH_APPLICATION": 404,
    "NO_SUCH_CASE": 404,
    "NO_SUCH_DELIVERY": 404,
    "NO_SUCH_QUESTION": 404,
    "NO_SUCH_ROUTE": 404,
    "NO_SUCH_TRANSFER": 404,
    **dict.fromkeys(reasons.NO_FILE, 404),
    "FILE_NOT_GRANTED": 403,
    **dict.fromkeys(("FILE_RECALLED", "FILE_ERASED", "FILE_DAMAGED"), 410),
    "METHOD_NOT_ALLOWED": 405,
    "REQUEST_TIMEOUT": 408,
    "DELIVERY_ENDED": 409,
    "EXTERNAL_NO_TAKEN": 409,
    "STEP_CONFLICT": 409,
    **dict.fromkeys(
        (
            *("REQUEST_NO_SEGMENT", "REQUEST_NOT_NEEDED", "REQUEST_NOT_NEXT", "REQUEST_DONE", "REQUEST_AFTER_END"),
            *("REQUEST_TAKEN_BACK", "REQUESTS_FULL"),
        ),
        409,
    ),
    "REPORT_CONFLICT": 409,
    "RATING_EARLY": 409,
    "RATING_GIVEN": 409,
    "NO_FOLLOW_UP": 409,
    "TRANSFER_ENDED": 409,
    "TRANSFER_OPEN": 409,
    "TOO_LARGE": 413,
    "TOO_MANY_REQUESTS": 429,
    "HEAD_TOO_LARGE": 431,
    "INTERNAL": 500,
    "TRY_LATER": 503,
}
"""Code → HTTP status; every other code is 422."""
_RETRY_AFTER_S = 5


class Denied(Exception):
    """The caller may not. ``code`` is UNAUTHORISED (no valid token), RATING_NO_EVIDENCE (not the application's own),
    FORBIDDEN (not the scope) or TOO_MANY_REQUESTS (again after ``wait_s`` seconds)."""

    def __init__(self, code: str, wait_s: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self._wait_s = wait_s

    def answer(self) -> JSONResponse:
        """The problem document, with the headers of RFC 6750 and RFC 6585."""
        if self.code == "TOO_MANY_REQUESTS":
            return too_many(self._wait_s)
        challenge = 'Bearer error="insufficient_scope"' if self.code == "FORBIDDEN" else "Bearer"
        return problem(self.code, headers={"WWW-Authenticate": challenge})


def too_many(wait_s: int) -> JSONResponse:
    """429: again after ``wait_s`` seconds."""
    return problem("TOO_MANY_REQUESTS", headers={"Retry-After": str(wait_s)})


def problem(
    code: str,
    field: str = "",
    headers: Mapping[str, str] | None = None,
    allowed: Sequence[str] = (),
    existing: str = "",
) -> JSONResponse:
    """The problem document of a code; 422 unless the code has a status of its own. ``allowed`` is what would be
    taken in ``field``; ``existing`` the id of what is there already."""
    words = reasons.words(code)
    status = STATUS.get(code, 422)
    body: dict[str, Any] = {
        "status": status,
        "error_code": code,
        "message": f"{words.zh} {words.en}",
        "message_zh": words.zh,
        "message_en": words.en,
    }
    if field:
        body["field"] = field
    if allowed:
        body["allowed"] = list(allowed)
    if existing:
        body["existing"] = existing
    return JSONResponse(body, status, dict(headers or {}), media_type="application/problem+json")


def problem_of(error: HubError) -> JSONResponse:
    """The problem document of an error: 503 with Retry-After for ``Unavailable``, the code's status for
    ``RecordRejected``, else 500. It holds codes and field names only, never the error's message (P5)."""
    if isinstance(error, RecordRejected):
        return problem(error.code, error.field, allowed=error.allowed, existing=error.existing)
    if isinstance(error, Unavailable):
        wait_s = max(1, round(error.retry_after_s or _RETRY_AFTER_S))
        return problem("TRY_LATER", headers={"Retry-After": str(wait_s)})
    return problem("INTERNAL")
