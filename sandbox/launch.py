"""Starts the three sandbox servers, each in a process of its own: ``start(...)`` → ``Running``.

``hub sandbox``, the demonstration and tests use it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox import applications, truth
from sandbox.crm import CRM_FAULTS
from sandbox.errors import Misconfigured, Unavailable
from sandbox.exchange import tables as exchange
from sandbox.exchange.faults import TABLE_FAULTS
from sandbox.faults import WIRE_FAULTS, Faults
from sandbox.gateway.auth import caller_of, token_of
from sandbox.gateway.pages import PAGE_FAULTS
from sandbox.gateway.tree import PageSigner
from sandbox.serve import ROLES
from sandbox.world.world import World, WorldSpec

FAULTS = {
    "business_licence": WIRE_FAULTS | PAGE_FAULTS,
    "property_title": TABLE_FAULTS,
    "utility_crm": WIRE_FAULTS | CRM_FAULTS,
}
"""The faults of each server: name → what it does."""
Progress = Callable[[str, int, int], None]
"""Called with (what is being made, how much is done, the total)."""
SETTLE_S = 2.0
"""How long after a call the connection system may still carry it out, seconds, as the hub is told. This one carries it
out before it answers, or with the fault ``late`` a second later."""
_END_S = 5.0
_CONTROL_S = 120.0


@dataclass
class Running:
    """A running sandbox.

    ``urls``: business_licence, utility_crm and property_title_control are base URLs, property_title is a database URL.
    ``secrets``: what a caller of each server needs: rid, sid, secret, key_id, public_key; token.
    """

    home: Path
    urls: dict[str, str]
    secrets: dict[str, dict[str, str]] = field(repr=False)
    truth: Path
    truth_summary: Path
    applications: Path
    _processes: dict[str, subprocess.Popen[bytes]] = field(repr=False)
    _configs: dict[str, dict[str, Any]] = field(repr=False)

    def control(self, name: str, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """Call ``/_control/<path>`` of a server: GET without a body, POST with one. ``name`` is one of ``ROLES``."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._base(name)}/_control/{path}"
        request = urllib.request.Request(url, data, method=method or ("POST" if data else "GET"))  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_CONTROL_S) as response:  # noqa: S310
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            raise Misconfigured(f"sandbox {name} refused {path}", error.read().decode()[:500]) from None
        except OSError as error:
            raise Unavailable(f"sandbox {name} does not answer: {type(error).__name__}") from None

    def fault(self, server: str, name: str, **wish: Any) -> Any:
        """Arm a fault, e.g. ``fault("utility_crm", "drop_after_commit", share=0.5, seconds=60)``."""
        return self.control(server, "faults", {"name": name, **wish})

    def clear(self, name: str) -> Any:
        """Clear all faults of a server."""
        return self.control(name, "faults", method="DELETE")

    def pid(self, name: str) -> int:
        """The process id of a server."""
        return self._processes[name].pid

    def kill(self, name: str) -> None:
        """End one server as ``kill -9`` does; ``restart`` brings it back on the same port."""
        self._processes[name].kill()
        self._processes[name].wait()

    def restart(self, name: str) -> None:
        """Kill one server and start it again on the same port. Raises ``Unavailable`` when it does not start."""
        self.kill(name)
        self._processes[name] = _spawn(self.home, self._configs[name])
        _port(self._processes[name], name)

    def alive(self) -> bool:
        """Whether all servers are running."""
        return all(process.poll() is None for process in self._processes.values())

    def plain(self) -> dict[str, Any]:
        """URLs, secrets, paths, and settings for ``hub.toml``, as plain JSON."""
        paths = {
            "truth": self.truth,
            "truth_summary": self.truth_summary,
            "applications": self.applications,
            "home": self.home,
        }
        return {"urls": self.urls, "secrets": self.secrets, "connectors": self.connectors()} | {
            k: str(v) for k, v in paths.items()
        }

    def connectors(self) -> dict[str, dict[str, Any]]:
        """The tables ``[connectors.*]`` of a ``hub.toml`` for this sandbox."""
        crm = {"url": self.urls["utility_crm"], **self.secrets["utility_crm"], "settle_s": SETTLE_S}
        return {
            "business_licence": {"url": self.urls["business_licence"], **self.secrets["business_licence"]},
            "property_title": {"url": self.urls["property_title"]},
            "utility_crm": crm,
        }

    def stop(self) -> None:
        """End all servers. Their files stay in ``home``."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _base(self, name: str) -> str:
        return self.urls["property_title_control" if name == "property_title" else name]


def start(
    seed: int,
    size: int,
    home: Path,
    *,
    defect_share: float = 0.02,
    duplicate_share: float = 0.005,
    applications_count: int = 0,
    exchange_url: str | None = None,
    ports: Mapping[str, int] | None = None,
    faults: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    refuse: Sequence[str] = (),
    progress: Progress | None = None,
    parent: int | None = None,
) -> Running:
    """Make the world in ``home``, or continue the one that is there, and start the servers.

    ``size``: number of rows that each source emits. ``ports`` and ``faults``: by server (``ROLES``). ``refuse``:
    numbers of applications that the connection system refuses finally. The servers end with the process ``parent``
    (default: this one). Raises ``Misconfigured`` when ``home`` holds another world, the exchange tables are in use, or
    a fault is unknown, ``Unavailable`` when a server does not start.
    """
    for role, wishes in (faults or {}).items():
        for wish in wishes:
            Faults(seed, FAULTS[role]).arm(wish)
    home = home.absolute()
    spec = WorldSpec(seed, size, defect_share, duplicate_share)
    url = prepare(spec, home, applications_count=applications_count, exchange_url=exchange_url, progress=progress)
    common = {"world": spec.plain(), "home": str(home), "parent": parent or os.getpid(), "exchange_url": url}
    configs = {
        role: common
        | {"role": role, "port": (ports or {}).get(role, 0), "faults": list((faults or {}).get(role, ()))}
        | ({"token": token_of(seed), "refuse": list(refuse)} if role == "utility_crm" else {})
        for role in ROLES
    }
    return _run(spec, home, url, configs)


def _run(spec: WorldSpec, home: Path, url: str, configs: dict[str, dict[str, Any]]) -> Running:
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for role, config in configs.items():
            processes[role] = _spawn(home, config)
        for role, config in configs.items():
            config["port"] = _port(processes[role], role)
    except BaseException:
        for process in processes.values():
            process.kill()
        raise
    base = {role: f"http://127.0.0.1:{config['port']}" for role, config in configs.items()}
    caller, signer = caller_of(spec.seed), PageSigner(spec.seed)
    return Running(
        home=home,
        urls=base | {"property_title": url, "property_title_control": base["property_title"]},
        secrets={
            "business_licence": {
                "rid": caller.rid,
                "sid": caller.sid,
                "secret": caller.secret,
                "key_id": signer.key_id,
                "public_key": signer.public_key,
            },
            "utility_crm": {"token": token_of(spec.seed)},
        },
        truth=home / "truth.jsonl",
        truth_summary=home / "truth-summary.json",
        applications=home / "applications.json",
        _processes=processes,
        _configs=configs,
    )


def _spawn(home: Path, config: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start one server."""
    run = home / "run"
    run.mkdir(mode=0o700, exist_ok=True)
    file = run / f"{config['role']}.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config), "utf-8")
    with (run / f"{config['role']}.log").open("ab") as log:
        command = [sys.executable, "-m", "sandbox.serve", str(file)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)


def _port(process: subprocess.Popen[bytes], role: str) -> int:
    """Wait for the output line with a server's port."""
    assert process.stdout is not None
    with process.stdout as stdout:
        line = stdout.readline()
    if not line:
        process.wait(_END_S)
        raise Unavailable(f"sandbox server {role} did not start: see run/{role}.log in its home")
    return int(json.loads(line)["port"])


def prepare(
    spec: WorldSpec,
    home: Path,
    *,
    applications_count: int = 0,
    exchange_url: str | None = None,
    progress: Progress | None = None,
) -> str:
    """Write truth, applications and exchange table, unless ``home`` has this world already. Returns the table's URL."""
    home.mkdir(parents=True, exist_ok=True)
    own = f"sqlite:///{home.absolute() / 'exchange.db'}"
    marker = home / "world.json"
    made = spec.plain() | {"applications": applications_count}
    if marker.exists():
        if json.loads(marker.read_text("utf-8")) != made:
            raise Misconfigured(f"{home} holds another sandbox", "choose another home, or remove it")
        return exchange_url or own
    world, told = World(spec), progress or (lambda what, done, total: None)  # noqa: ARG005
    _write_truth(world, home, told)
    _write_applications(world, home / "applications.json", applications_count)
    _load_exchange(world, exchange_url or own, exchange_url in (None, own), told)
    marker.write_text(json.dumps(made), "utf-8")
    return exchange_url or own


def _write_truth(world: World, home: Path, progress: Progress) -> None:
    def lines() -> Any:
        total = 2 * world.spec.size
        done = 0
        for part in (world.licence_truth(0, world.spec.size), world.title_truth()):
            for line in part:
                done += 1
                if done % 1_000 == 0:
                    progress("truth", done, total)
                yield line
        progress("truth", total, total)

    truth.write(home / "truth.jsonl", home / "truth-summary.json", lines())


def _write_applications(world: World, file: Path, count: int) -> None:
    entries = [*applications.scripted(world), *applications.generated(world, count)]
    with file.open("w", encoding="utf-8") as out:
        json.dump(entries, out, ensure_ascii=False, indent=1)


def _load_exchange(world: World, url: str, own: bool, progress: Progress) -> None:
    engine = exchange.engine_of(url)
    try:
        # In its own file, rows without the marker are from a start that was killed.
        exchange.create(engine, again=own)
        done = 0
        for done in exchange.load(engine, world.title_rows()):
            progress("exchange table", done, world.spec.size)
        # A title that comes late is not in the table yet.
        progress("exchange table", done, done)
    finally:
        engine.dispose()
