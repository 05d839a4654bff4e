"""The points at which a test may kill a hub (``hub.crash``), found in the product's own text."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "due.decided": "tests/faults/test_system_steps.py",
    "rating.committed": "tests/faults/test_system_steps.py",
    "report.written": "tests/unit/pipeline/test_report.py",
    "sent.sealed": "tests/unit/web/api/test_steps.py",
    "sent.committed": "tests/unit/web/api/test_steps.py",
    "pickup.handed": "tests/unit/delivery/test_pickup.py",
    "pickup.acknowledged": "tests/unit/delivery/test_pickup.py",
    "pickup.refused": "tests/unit/delivery/test_pickup.py",
}
"""Points that only another system's source passes, or a call from outside, and the test that kills there."""
POINTS = sorted(
    {
        point
        for path in (ROOT / "hub").rglob("*.py")
        if path.name != "crash.py"
        for point in re.findall(r'crash_point\("([a-z._]+)"\)', path.read_text("utf-8"))
        if point not in ELSEWHERE
    }
)
"""Those that a hub of the first three systems passes."""
