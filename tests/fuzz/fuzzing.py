"""Runs a target on new inputs for some seconds, with limits for the time of one input and for memory. What breaks them
is written to ``inputs/``, where every later run tries it first."""

import random
import signal
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.fuzz.targets import TARGETS, Target

INPUTS = Path(__file__).parent / "inputs"
HANG_S = 1.0
"""CPU seconds that one input may take, so that a busy machine changes nothing."""
GROWTH_MB_MAX = 100
"""Memory that a target may take beyond what it took after its first inputs."""
_WARM_INPUTS = 200
_STATM_PAGE_MB = 4_096 / 1_048_576


class Hang(BaseException):
    """An input took too long. It is no ``Exception``: a reader must not take it for a fault of its input."""


@dataclass
class Report:
    """What one target did. ``problems``: for each place in the code, the first input's file and what happened."""

    target: str
    seed: int
    inputs: int = 0
    slowest_s: float = 0.0
    memory_mb: float = 0.0
    problems: dict[str, str] = field(default_factory=dict)


def kept(target: str) -> list[Path]:
    """The inputs that once broke a target, or were made to."""
    return sorted(INPUTS.joinpath(target).glob("*"))


def fuzz(name: str, seconds: float, seed: int) -> Report:
    """Run one target for ``seconds`` of CPU time. Its kept inputs come first."""
    target, report = TARGETS[name](), Report(name, seed)
    began, first_mb = time.process_time(), 0.0
    for data in _inputs(target, name, seed):
        if report.inputs >= len(kept(name)) and time.process_time() - began > seconds:
            break
        _try(target, data, report)
        report.inputs += 1
        if report.inputs == _WARM_INPUTS:
            first_mb = memory_mb()
    report.memory_mb = memory_mb()
    if first_mb and report.memory_mb - first_mb > GROWTH_MB_MAX:
        report.problems["memory"] = f"grew from {first_mb:.0f} to {report.memory_mb:.0f} MB"
    return report


def _inputs(target: Target, name: str, seed: int) -> Iterator[bytes]:
    for file in kept(name):
        yield file.read_bytes()
    draw = random.Random(seed)
    while True:
        yield target.make(draw)


def _try(target: Target, data: bytes, report: Report) -> None:
    began = time.process_time()
    try:
        run(target, data)
    except (Exception, Hang) as error:
        place = _place(error)
        if place not in report.problems:
            report.problems[place] = f"{_keep(report.target, data).name}: {error}"
    report.slowest_s = max(report.slowest_s, time.process_time() - began)


def run(target: Target, data: bytes) -> int:
    """Run one input: ``Target.run``. Raises what the target raises, and ``Hang`` when it took more than ``HANG_S``."""
    began = time.process_time()
    former = signal.signal(signal.SIGPROF, _hang)
    signal.setitimer(signal.ITIMER_PROF, 5 * HANG_S)
    try:
        accepted = target.run(data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
    if (took := time.process_time() - began) > HANG_S:
        raise Hang(f"{took:.1f} s")
    return accepted


def _hang(*_: Any) -> None:
    raise Hang(f"more than {5 * HANG_S} s")


def _place(error: BaseException) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/tests/fuzz/" not in frame.filename]
    last = frames[-1] if frames else None
    return f"{type(error).__name__} at {last.filename}:{last.lineno}" if last else type(error).__name__


def _keep(target: str, data: bytes) -> Path:
    file = INPUTS / target / sha256(data).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return file


def memory_mb() -> float:
    """The memory that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _STATM_PAGE_MB
