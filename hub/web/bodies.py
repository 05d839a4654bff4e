"""Reading a request's body, with a bound."""

from starlette.requests import Request

from hub.errors import RecordRejected

BODY_BYTES_MAX = 64 * 1024


async def body_of(request: Request) -> bytes:
    """The body, read no further than the cap. Raises ``RecordRejected`` (TOO_LARGE)."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise RecordRejected("TOO_LARGE")
    return body
