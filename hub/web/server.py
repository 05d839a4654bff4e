"""Serves the HTTP API in a thread of its own, in the process of the stages."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from hub.bootstrap import Hub
from hub.errors import Misconfigured
from hub.logging import get_logger
from hub.settings import without_login
from hub.web import tls
from hub.web.api import applications, cases, customers, deliveries, files, materials, places, steps, transfers
from hub.web.api.app import create
from hub.web.api.watch import health, metrics
from hub.web.api.watch.health import Readiness
from hub.web.api.watch.metrics import Metrics
from hub.web.auth.access import Access
from hub.web.auth.applicants import Applicants
from hub.web.auth.refusals import Refusals
from hub.web.auth.tokens import Tokens
from hub.web.connections import HEAD_BYTES_MAX, Listener, Loop, protocol
from hub.web.registry import routes as registry
from hub.web.signatures.nonces import Nonces
from hub.web.signatures.signers import by_path

KEEP_ALIVE_S = 5
STOP_WITHIN_S = 5

log = get_logger("web")


@contextmanager
def serve(hub: Hub, enabled: bool = True) -> Iterator[str]:
    """Serve until the block ends. Yields the base URL, or "" when it is not ``enabled``.

    Raises ``Misconfigured`` when it cannot listen on ``web.host`` and ``web.port``, or use its certificate.
    """
    if not enabled:
        yield ""
        return
    web = hub.settings.web
    secured = tls.context(web)
    listening = _listen(web.host, web.port)
    host = f"[{web.host}]" if ":" in web.host else web.host
    url = f"{'https' if secured else 'http'}://{host}:{listening.getsockname()[1]}"
    config = _config(hub)
    config.load()
    config.ssl = secured
    server = uvicorn.Server(config)
    thread = threading.Thread(target=_run, args=(server, listening), name="web", daemon=True)
    thread.start()
    log.info("listening", url=url)
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join(STOP_WITHIN_S)
        listening.close()


def _config(hub: Hub) -> uvicorn.Config:
    access = Access(Tokens(hub.store, hub.clock), hub.clock)
    readiness = Readiness(hub.log, hub.store, hub.clock, hub.settings.instance)
    figures = Metrics(hub.log, hub.store, hub.clock, list(hub.connectors.feeds), hub.connectors.grants)
    schemas = registry.router(without_login(hub.settings.registry_url))
    customer = hub.customers()
    tokens, refusals = customer.tokens, Refusals(hub.store, hub.clock)
    signed, nonces = by_path(hub.connectors.senders_of, hub.clock), Nonces(hub.clock)
    served = (
        applications.router(hub.applications(), hub.holdings(), tokens, access, refusals),
        customers.router(customer, hub.applications(), access, Applicants(tokens.opens, hub.clock)),
        cases.router(hub.store, access),
        steps.router(hub.intake(), signed, nonces),
        materials.router(hub.materials(), access),
        materials.system_router(hub.asked_by_system(), signed["/steps"], nonces),
        places.router(hub.places(), access),
        transfers.router(hub.transfers(), access, refusals),
        deliveries.router(hub.deliveries, hub.connectors.fetching, access),
        files.router(hub.files(), frozenset(hub.connectors.sinks), access),
    )
    app = create(hub.clock, *served, health.router(readiness), metrics.router(figures, access), schemas)
    # uvicorn's own access log would hold paths and queries. Headers of a proxy are not believed.
    return uvicorn.Config(
        app,
        http=protocol(),
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


def _run(server: uvicorn.Server, listening: Listener) -> None:
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(server.serve(sockets=[listening]))


def _listen(host: str, port: int) -> Listener:
    try:
        return Listener(host, port)
    except OSError as error:
        raise Misconfigured(f"cannot listen on {host}:{port} ({error.strerror})", "set web.host and web.port") from None
