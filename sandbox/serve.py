"""One sandbox server in its own process: ``python -m sandbox.serve FILE`` (FILE is what ``launch`` wrote).

It listens on loopback, prints its port in the first line of output, and ends when its parent process ends.
"""

import json
import os
import socket
import sys
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.faults import Faults

SERVERS = {
    "business_licence": "sandbox.gateway.server",
    "property_title": "sandbox.exchange.server",
    "district_files": "sandbox.files.server",
    "projects": "sandbox.projects.server",
    "utility_crm": "sandbox.crm",
    "utility_steps": "sandbox.steps.server",
    "utility_transfers": "sandbox.steps.transfers",
    "utility_pull": "sandbox.readers",
    "utility_table": "sandbox.readers",
    "warning_desk": "sandbox.desk",
    "provincial_licences": "sandbox.platform.server",
    "identity": "sandbox.identity.server",
}
"""Role → the module of its server. It has ``faults_of(seed)`` and ``serve(config, faults)``, which makes the ASGI
application."""
ROLES = tuple(SERVERS)
_LOOK_S = 0.2


def build(config: dict[str, Any]) -> ASGIApp:
    """The application of a configuration, with its faults armed."""
    # It imports its own server only, so that the processes start faster.
    server = import_module(SERVERS[config["role"]])
    app: ASGIApp = server.serve(config, _armed(server.faults_of(config["world"]["seed"]), config))
    return app


def _armed(faults: Faults, config: dict[str, Any]) -> Faults:
    for wish in config["faults"]:
        faults.arm(wish)
    return faults


def end_with(parent: int) -> None:
    """End this process within a second after the process ``parent`` has ended, also when that was killed."""
    child = os.getppid() == parent

    def look() -> None:
        while _alive(parent, child):
            time.sleep(_LOOK_S)
        os._exit(0)

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def _alive(parent: int, child: bool) -> bool:
    if child:
        return os.getppid() == parent
    try:
        os.kill(parent, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def main(file: str) -> None:
    """Serve until the parent process ends or a signal comes."""
    config = json.loads(Path(file).read_text("utf-8"))
    end_with(config["parent"])
    app = build(config)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", config["port"]))
    listener.listen(512)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    settings = uvicorn.Config(
        app, log_level="error", access_log=False, proxy_headers=False, http="h11", timeout_graceful_shutdown=1
    )
    uvicorn.Server(settings).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1])
