"""``python -m tests.fuzz``: fuzz every reader of hostile input, each in a process of its own. Exit 1 for a finding.

``make fuzz`` calls it. A finding's input is in ``tests/fuzz/inputs``: mend the reader, and keep the file.
"""

import argparse
import json
import random
import subprocess
import sys
from dataclasses import asdict

from hub.logging import configure
from tests.fuzz.fuzzing import fuzz
from tests.fuzz.targets import TARGETS

MEMORY_MB_MAX = 200
AT_ONCE = 2


def main() -> int:
    """Run one target here, or all of them in processes."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds of all targets together")
    parser.add_argument("--target", choices=TARGETS, help="only this one")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    given = parser.parse_args()
    if given.target is None:
        return _all(given.seconds / len(TARGETS), given.seed)
    configure(True, "ERROR")
    report = fuzz(given.target, given.seconds, given.seed)
    if report.memory_mb > MEMORY_MB_MAX:
        report.problems["memory"] = f"{report.memory_mb:.0f} MB"
    print(json.dumps(asdict(report), ensure_ascii=False))
    return 1 if report.problems else 0


def _all(seconds: float, seed: int) -> int:
    waiting, running, failed = list(TARGETS), [], 0
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            words = ["--seconds", str(seconds), "--seed", str(seed), "--target", waiting.pop(0)]
            running.append(subprocess.Popen([sys.executable, "-m", "tests.fuzz", *words]))
        failed += running.pop(0).wait() != 0
    return 1 if failed else 0


sys.exit(main())
