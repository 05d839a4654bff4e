"""Starts the sandbox servers, each in a process of its own: ``start(...)`` → ``Running``.

``hub sandbox``, the demonstration and tests use it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox import applications, grants, truth
from sandbox.errors import Misconfigured, Unavailable
from sandbox.faults import Faults
from sandbox.systems import FIRST, SETTLE_S, SYSTEMS, Making, Progress, System
from sandbox.world.world import World, WorldSpec

__all__ = ["FAULTS", "SETTLE_S", "Progress", "Running", "prepare", "start"]
FAULTS = {role: system.faults for role, system in SYSTEMS.items()}
"""The faults of each server: name → what it does."""
_END_S = 5.0
_CONTROL_S = 120.0


@dataclass
class Running:
    """A running sandbox.

    ``urls``: role → the base URL of its server, such as business_licence. A system with a database has its database URL
    there, and its server under ROLE_control, such as property_title and property_title_control.
    ``secrets``: role → what a caller of its server needs: rid, sid, secret, key_id, public_key; token.
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
        """Call ``/_control/<path>`` of a server: GET without a body, POST with one. ``name`` is a role."""
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
            "grants": self.grants,
            "home": self.home,
        }
        return {"urls": self.urls, "secrets": self.secrets, "connectors": self.connectors()} | {
            k: str(v) for k, v in paths.items()
        }

    def connectors(self) -> dict[str, dict[str, Any]]:
        """The tables ``[connectors.*]`` of a ``hub.toml`` for this sandbox."""
        tables: dict[str, dict[str, Any]] = {}
        for role in self._configs:
            tables |= SYSTEMS[role].connectors(self._base(role), self.urls[role], self.secrets.get(role, {}))
        return tables

    def desks(self) -> dict[str, dict[str, Any]]:
        """The tables ``[warnings.desks.*]`` of a ``hub.toml`` for this sandbox."""
        played = {role: desk for role in self._configs if (desk := SYSTEMS[role].desk)}
        return {desk: {"url": f"{self.urls[role]}/notices", **self.secrets[role]} for role, desk in played.items()}

    @property
    def grants(self) -> Path:
        """The file of grants for a hub that uses this sandbox's sources."""
        return self.home / "grants.toml"

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
        return self.urls.get(f"{name}_control") or self.urls[name]


def start(
    seed: int,
    size: int,
    home: Path,
    *,
    systems: Collection[str] = FIRST,
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

    ``size``: number of rows that each source emits. ``systems``: the roles that are played (``SYSTEMS``). ``ports`` and
    ``faults``: by role. ``refuse``: numbers of applications that the connection system refuses finally. The servers end
    with the process ``parent`` (default: this one). Raises ``Misconfigured`` when ``home`` holds another world, the
    exchange tables are in use, or a system or a fault is unknown, ``Unavailable`` when a server does not start.
    """
    _check_known(seed, systems, faults or {})
    home = home.absolute()
    spec = WorldSpec(seed, size, defect_share, duplicate_share)
    urls = prepare(
        spec,
        home,
        systems=systems,
        applications_count=applications_count,
        exchange_url=exchange_url,
        progress=progress,
    )
    common = {"world": spec.plain(), "home": str(home), "parent": parent or os.getpid(), "refuse": list(refuse)}
    configs = {
        role: common
        | {"role": role, "port": (ports or {}).get(role, 0), "faults": list((faults or {}).get(role, ()))}
        | {"database": urls.get(role, ""), **SYSTEMS[role].config(seed)}
        for role in SYSTEMS
        if role in systems
    }
    return _run(spec, home, urls, configs)


def _check_known(seed: int, systems: Collection[str], faults: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    if strange := sorted({*systems, *faults} - set(SYSTEMS)):
        raise Misconfigured(f"no system {', '.join(strange)}", "choose from " + ", ".join(SYSTEMS))
    for role, wishes in faults.items():
        for wish in wishes:
            Faults(seed, FAULTS[role]).arm(wish)


def _run(spec: WorldSpec, home: Path, databases: Mapping[str, str], configs: dict[str, dict[str, Any]]) -> Running:
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
    controls = {f"{role}_control": base[role] for role in databases}
    running = Running(
        home=home,
        urls={**base, **controls, **databases},
        secrets={role: secrets for role in configs if (secrets := SYSTEMS[role].secrets(spec.seed))},
        truth=home / "truth.jsonl",
        truth_summary=home / "truth-summary.json",
        applications=home / "applications.json",
        _processes=processes,
        _configs=configs,
    )
    running.grants.write_text(grants.as_toml(running.connectors()), "utf-8")
    return running


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
    systems: Collection[str] = FIRST,
    applications_count: int = 0,
    exchange_url: str | None = None,
    progress: Progress | None = None,
) -> dict[str, str]:
    """Write truth, applications and databases, unless ``home`` has this world already. Returns role → the URL of its
    database."""
    home.mkdir(parents=True, exist_ok=True)
    played = {role: system for role, system in SYSTEMS.items() if role in systems}
    own = {role: f"sqlite:///{home.absolute() / one.database}" for role, one in played.items() if one.database}
    own |= {role: str(home.absolute() / one.folder) for role, one in played.items() if one.folder}
    urls = own | ({"property_title": exchange_url} if exchange_url and "property_title" in played else {})
    marker = home / "world.json"
    made = spec.plain() | {"applications": applications_count, "systems": list(played)}
    if marker.exists():
        if json.loads(marker.read_text("utf-8")) != made:
            raise Misconfigured(f"{home} holds another sandbox", "choose another home, or remove it")
        return urls
    world, told = World(spec), progress or (lambda what, done, total: None)  # noqa: ARG005
    _write_truth(world, home, played, told)
    _write_applications(world, home / "applications.json", applications_count, played)
    for role, system in played.items():
        url = urls.get(role, "")
        system.load(Making(world, home, url, url == own.get(role), told))
    marker.write_text(json.dumps(made), "utf-8")
    return urls


def _write_truth(world: World, home: Path, played: Mapping[str, System], progress: Progress) -> None:
    total = sum(system.emits(world) for system in played.values())

    def lines() -> Iterator[dict[str, Any]]:
        every = (line for system in played.values() for line in system.truth(world))
        for done, line in enumerate(every, 1):
            if done % 1_000 == 0:
                progress("truth", done, total)
            yield line
        progress("truth", total, total)

    truth.write(home / "truth.jsonl", home / "truth-summary.json", lines())


def _write_applications(world: World, file: Path, count: int, played: Collection[str]) -> None:
    people = applications.of_people(world) if "identity" in played else []
    projects = applications.of_projects(world) if "projects" in played else []
    entries = [*applications.scripted(world), *people, *projects, *applications.generated(world, count)]
    with file.open("w", encoding="utf-8") as out:
        json.dump(entries, out, ensure_ascii=False, indent=1)
