"""Starts a real Kafka cluster on loopback without a container engine: one node or three, KRaft, all in one directory.

Needs Java 17 or newer and, the first time, Maven, which fetches the jars (43 MB) into the user's cache.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.servers.kafka_secured import Listening, Secured
from sandbox.servers.missing import Missing
from sandbox.servers.ports import free_port

POM = Path(__file__).with_name("pom.xml")
READY_S = 120.0
STOP_S = 15.0


def tools() -> None:
    """Check that Java and Maven are installed. Raises ``Missing``."""
    for tool, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if not shutil.which(tool):
            raise Missing(tool, package)


def cache() -> Path:
    """The folder in which downloaded servers are stored, for all projects of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onecert-hub"


def jars() -> Path:
    """The folder of Kafka's jars, downloaded once. Raises ``Missing``."""
    tools()
    folder = cache() / "kafka-4.1.0"
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(POM, folder / "pom.xml")
        command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=libs"]
        subprocess.run(command, cwd=folder, check=True)
        (folder / "complete").touch()
    return folder / "libs"


@dataclass
class Node:
    """One broker and controller. Its process can be frozen, killed, and started again with the same data."""

    number: int
    port: int
    controller_port: int
    home: Path
    proxied: tuple[int, int] | None = None
    """A second listener behind a proxy: (its port, the port that clients are told to use)."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process. It is ready after ``wait_ready``."""
        libs = jars()
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx512m", "-cp", f"{libs}/*", "kafka.Kafka", str(self.home / "server.properties")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home,
            )  # fmt: skip

    def wait_ready(self) -> None:
        """Wait until the port answers. Raises ``TimeoutError`` with the end of the log."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        tail = (self.home / "server.log").read_text("utf-8", "replace")[-2_000:]
        raise TimeoutError(f"broker {self.number} is not ready after {READY_S:.0f} s:\n{tail}")

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        assert self.process is not None
        self.process.send_signal(number)

    def freeze(self) -> None:
        """Freeze the process: connections stay open, and nothing is answered."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process continue."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process as ``kill -9`` does, also when it is frozen."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def stop(self) -> None:
        """End the process in order, or kill it after ``STOP_S``. Its data stay."""
        if self.process is None or self.process.poll() is not None:
            return
        self.thaw()
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Cluster:
    """The running nodes of one cluster."""

    nodes: list[Node]

    @property
    def bootstrap(self) -> str:
        """HOST:PORT of all nodes, separated by commas, for clients."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    @property
    def log_url(self) -> str:
        """The hub's ``log_url`` for this cluster, with as many copies of a topic as it has nodes for."""
        copies, least = _copies(self.nodes)
        return f"kafka://{self.bootstrap}?replication={copies}&min_insync_replicas={least}"

    def stop(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            node.stop()


def start(
    home: Path,
    count: int = 1,
    port: int = 0,
    secured: Secured | None = None,
    proxied: tuple[int, int] | None = None,
) -> Cluster:
    """Format and start ``count`` nodes in ``home``, ready for clients on return; with ``secured``, only for those that
    it accepts. ``proxied`` is for the first node. Raises ``Missing``, ``TimeoutError``.
    """
    nodes = [
        Node(n + 1, port if port and not n else free_port(), free_port(), home / f"node-{n + 1}") for n in range(count)
    ]
    nodes[0].proxied = proxied
    cluster_id = urlsafe_b64encode(b"\0" + os.urandom(15)).decode().rstrip("=")  # begins with no "-", as Kafka's own
    for node in nodes:
        node.home.mkdir(parents=True)
        properties = node.home / "server.properties"
        properties.write_text(_properties(node, nodes, secured), "utf-8")
        format_node(node, cluster_id, secured.format_arguments() if secured else ())
    cluster = Cluster(nodes)
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait_ready()
    except BaseException:
        cluster.stop()
        raise
    return cluster


def format_node(node: Node, cluster_id: str, arguments: Sequence[str] = ()) -> None:
    """Make the storage of a node whose ``server.properties`` is written. Raises ``Missing``."""
    properties = str(node.home / "server.properties")
    _java(jars(), "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", properties, *arguments)


def _java(libs: Path, *arguments: str) -> str:
    done = subprocess.run(["java", "-cp", f"{libs}/*", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def _open(place: str, proxied: tuple[int, int] | None) -> Listening:
    here, among = f"PLAINTEXT://{place}", "inter.broker.listener.name=PLAINTEXT"
    if proxied is None:
        return Listening(here, (among,))
    behind, told = proxied
    return Listening(
        f"{here},PROXIED://127.0.0.1:{behind}",
        (
            among,
            f"advertised.listeners={here},PROXIED://127.0.0.1:{told}",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
        ),
    )


def _copies(nodes: list[Node]) -> tuple[int, int]:
    """(Copies of a partition, copies that must have a record before it is acknowledged)."""
    return (3, 2) if len(nodes) >= 3 else (1, 1)


def _properties(node: Node, nodes: list[Node], secured: Secured | None) -> str:
    copies, least = _copies(nodes)
    place = f"127.0.0.1:{node.port}"
    listening = secured.listening(place) if secured else _open(place, node.proxied)
    return "\n".join(
        (
            "process.roles=broker,controller",
            f"node.id={node.number}",
            "controller.quorum.voters=" + ",".join(f"{one.number}@127.0.0.1:{one.controller_port}" for one in nodes),
            f"listeners={listening.listeners},CONTROLLER://127.0.0.1:{node.controller_port}",
            "controller.listener.names=CONTROLLER",
            *listening.properties,
            f"log.dirs={node.home}/data",
            f"default.replication.factor={copies}",
            f"min.insync.replicas={least}",
            f"offsets.topic.replication.factor={copies}",
            f"transaction.state.log.replication.factor={copies}",
            f"transaction.state.log.min.isr={least}",
            f"share.coordinator.state.topic.replication.factor={copies}",
            f"share.coordinator.state.topic.min.isr={least}",
            "offsets.topic.num.partitions=8",
            "transaction.state.log.num.partitions=8",
            "group.initial.rebalance.delay.ms=0",
            "group.min.session.timeout.ms=1000",
            # How often the broker looks for transactions whose time is over. The default is 10 s; a group waits that
            # much longer for a member that died inside a transaction.
            "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
            "auto.create.topics.enable=false",
            "unclean.leader.election.enable=false",
            "",
        )
    )
