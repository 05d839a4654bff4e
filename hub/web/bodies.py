"""Reads a request's body up to a bound."""

from starlette.requests import Request

from hub.errors import RecordRejected

BODY_BYTES_MAX = 64 * 1024
_DIGITS_MAX = 9


async def body_of(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The body, at most ``bytes_max`` bytes. Raises ``RecordRejected`` (TOO_LARGE) before it reads more."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and (len(said) > _DIGITS_MAX or int(said) > bytes_max):
        raise RecordRejected("TOO_LARGE")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise RecordRejected("TOO_LARGE")
    return body
