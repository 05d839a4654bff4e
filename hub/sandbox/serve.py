"""One sandbox server in its own process: ``python -m hub.sandbox.serve FILE`` (FILE is what ``launch`` wrote).

It listens on loopback, says on its first line of output which port it took, and ends by itself when its parent is gone.
"""

import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from hub.sandbox import crm, exchange_server, gateway
from hub.sandbox.world import World, WorldSpec

ROLES = ("business_licence", "property_title", "utility_crm")
_LOOK_S = 0.2


def build(config: dict[str, Any]) -> ASGIApp:
    """The application that a configuration names, its faults armed."""
    spec, home = WorldSpec(**config["world"]), Path(config["home"])
    module = {"business_licence": gateway, "property_title": exchange_server, "utility_crm": crm}[config["role"]]
    faults = module.faults_of(spec.seed)
    for wish in config.get("faults", ()):
        faults.arm(wish)
    if module is gateway:
        return gateway.application_of(World(spec), home, faults)
    if module is exchange_server:
        return exchange_server.application_of(World(spec), home, config["exchange_url"], faults)
    return crm.application_of(home / "crm.db", config["token"], tuple(config.get("refuse", ())), faults)


def end_with(parent: int) -> None:
    """End this process soon after ``parent`` has gone, however it went."""
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
    """Serve until the parent is gone or a signal comes."""
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
