"""Import directions are a test: who may know whom (docs/architecture.md). ``python -m tests.architecture.rooms`` prints
the counts."""

import ast
import re
import sys

import pytest

from tests.architecture import rooms
from tests.architecture.rooms import LARGE, ROOMS, circles, forbidden, graph, large, modules, rooms_graph, upward

MODULES = sorted(modules())
TOP_ROOMS = [room for room in ROOMS if room == "hub.connect.host" or (room.count(".") == 1 and room.startswith("hub"))]
TOP_ROOMS.remove("hub.__main__")


def test_no_circle_no_arrow_upwards_no_large_room_without_a_reason() -> None:
    between_modules = circles(graph())
    between_rooms, arrows, big = circles(rooms_graph()), upward(), large()
    print("", *rooms.report(), sep="\n")
    assert [sorted(one) for one in between_modules] == []
    assert [sorted(one) for one in between_rooms] == []
    assert arrows == []
    assert LARGE.keys() == big.keys()


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_room_may_know(module: str) -> None:
    assert forbidden(module, graph()[module]) == []


def test_every_module_has_a_room_and_every_rule_is_about_modules_that_exist() -> None:
    assert {rooms.room_of(module) for module in modules()} == ROOMS.keys()
    order = list(ROOMS)
    for room, may in ROOMS.items():
        named = {one for one in may if not one.endswith(".*")}
        assert named <= set(order[: order.index(room)]), f"{room} may import what stands higher, or does not exist"


def test_the_table_of_ranks_in_the_architecture_page_is_this_list_from_high_to_low() -> None:
    page = (rooms.ROOT / "docs/architecture.md").read_text("utf-8")
    rows = [line.split("|")[2] for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    ranks = [rank for room in TOP_ROOMS for rank, row in enumerate(rows) if _names(row, room)]
    assert len(ranks) == len(TOP_ROOMS), "a room is missing, or named twice"
    assert ranks == sorted(ranks, reverse=True)


def _names(row: str, room: str) -> bool:
    """Whether a row's second column names a room of the hub: ``hub/topics/``, ``hub/parts.py``."""
    path = room.replace(".", "/")
    return bool(re.search(rf"`(hub/)?({path}|{path.removeprefix('hub/')})(/|\.py)`", row))


@pytest.mark.parametrize("module", [one for one in MODULES if one.startswith("hub.ports")])
def test_the_ports_import_nothing_but_errors_and_the_standard_library(module: str) -> None:
    tree = ast.parse(modules()[module].read_text("utf-8"))
    at_run_time = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in at_run_time}
    outside = {name for name in names if name and name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name for name in outside if not name.startswith("hub.ports.")} <= {"hub.errors"}


def test_only_the_demonstrations_join_the_sandbox_and_the_hub() -> None:
    for module, imported in graph().items():
        if module.startswith("hub"):
            assert not [one for one in imported if not one.startswith("hub")], module
        if module.startswith("sandbox") and not module.startswith("sandbox.demo"):
            assert not [one for one in imported if one.startswith("hub")], module


@pytest.mark.parametrize(
    ("planted", "source", "caught"),
    [
        ("connectors.planted", "from hub.pipeline import verify\n", ["hub.pipeline.verify"]),
        ("connectors.planted", "from hub.connect.host.guard import Gate\n", ["hub.connect.host.guard"]),
        ("sandbox.planted", "def later():\n    from hub import errors\n", ["hub.errors"]),
        ("hub.ingest.planted", "import sandbox.launch\n", ["sandbox.launch"]),
    ],
)
def test_a_wrong_import_is_caught(planted: str, source: str, caught: list[str]) -> None:
    imported = frozenset(rooms.imports(source, planted.rpartition(".")[0], modules()))
    assert forbidden(planted, imported & modules().keys()) == caught


@pytest.mark.parametrize("module", MODULES)
def test_no_file_over_400_lines(module: str) -> None:
    assert len(modules()[module].read_text("utf-8").splitlines()) <= 400
