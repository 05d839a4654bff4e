"""Serves the HTTP API in a thread of its own, in the process of the stages."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from hub.bootstrap import Hub
from hub.errors import Misconfigured
from hub.logging import get_logger
from hub.settings import without_login
from hub.web.api import cases, health, metrics
from hub.web.api.applications import create
from hub.web.api.health import Readiness
from hub.web.api.metrics import Metrics
from hub.web.auth.tokens import Tokens
from hub.web.registry import routes as registry

CONNECTIONS_MAX = 200
KEEP_ALIVE_S = 5
STOP_WITHIN_S = 5

log = get_logger("web")


@contextmanager
def serve(hub: Hub, enabled: bool = True) -> Iterator[str]:
    """Serve until the block ends. Yields the base URL, or "" when it is not ``enabled``.

    Raises ``Misconfigured`` when it cannot listen on ``web.host`` and ``web.port``.
    """
    if not enabled:
        yield ""
        return
    listening = _listen(hub.settings.web.host, hub.settings.web.port)
    url = f"http://{hub.settings.web.host}:{listening.getsockname()[1]}"
    server = uvicorn.Server(_config(hub))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
    thread.start()
    log.info("listening", url=url)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(STOP_WITHIN_S)
        listening.close()


def _config(hub: Hub) -> uvicorn.Config:
    tokens = Tokens(hub.store, hub.clock)
    readiness = Readiness(hub.log, hub.store, hub.clock, hub.settings.instance)
    figures = Metrics(hub.log, hub.store, hub.clock, list(hub.connectors.sources))
    schemas = registry.router(without_login(hub.settings.registry_url))
    routers = health.router(readiness), metrics.router(figures, tokens), cases.router(hub.store, tokens), schemas
    app = create(hub.applications(), tokens, hub.clock, *routers)
    # uvicorn's own access log would hold paths and queries.
    return uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server((host, port))
        # Accepted sockets inherit this option. Head and body are two writes: without it each answer waits 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise Misconfigured(f"cannot listen on {host}:{port} ({error.strerror})", "set web.host and web.port") from None
