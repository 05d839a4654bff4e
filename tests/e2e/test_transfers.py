"""P2: a joint transfer with arrears on a whole hub, before a connection system that drops half of its answers after it
has taken effect, and a list of reports that breaks off: each piece took effect once, and the transfer is done."""

from pathlib import Path

from hub.cases.by import By
from sandbox.demo.balance import SourceLine
from sandbox.demo.demo import Demo
from tests.e2e.harness import rebuilt_otherwise

KINDS = ("transfer", "transfer-checks", "transfer-pushes")


def read(line: SourceLine) -> bool:
    """Whether all of a source has a verdict, so that nothing moves while the tables are compared."""
    return line.pending == 0 and line.emitted >= line.expected["emitted"]


def test_p2_each_piece_of_a_transfer_takes_effect_once_before_a_system_that_drops_its_answers(tmp_path: Path) -> None:
    with Demo(tmp_path, 100, 5).running(lambda *_: None) as live:
        live.sandbox.fault("utility_crm", "drop_after_commit", path="/transfers", share=0.5)
        live.sandbox.fault("utility_transfers", "truncate", path="/transfer-reports", share=0.3)
        live.transferred(By("cli:test"))
        effects = live.sandbox.control("utility_crm", "effects")
        calls = live.sandbox.control("utility_crm", "calls")
        live.sandbox.clear("utility_crm")
        live.settle(lambda lines, delivered: not delivered.pending and all(map(read, lines)))
        told = live.transfers()
        rebuilt = rebuilt_otherwise(live.hub, tmp_path)
    assert any("drop_after_commit" in str(one) for one in calls.items()), calls
    assert [sorted(effects[kind].values()) for kind in KINDS] == [[1], [1], [1]] and effects["doubled"] == []
    assert (told.submitted, told.done, told.reported, told.rejected) == (1, 1, 4, 0)
    assert rebuilt == []
