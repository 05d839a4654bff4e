"""The truth file: one JSON line for each row that a source emits, with the verdict that a hub must give; and a summary.

``truth.jsonl``: source, key, version, operation (UPSERT or DELETE), expect ("verified" or "rejected"), code, defect.
Some lines have ``duplicate_of`` ("key#version": the same row again), ``raw_sha256`` (of the served text, if a reader
may find no key in it) or ``vanished`` (a full reload left the row out).
"""

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Summary = dict[str, dict[str, Any]]
_CHUNK = 5_000


def write(truth: Path, summary: Path, lines: Iterable[dict[str, Any]]) -> Summary:
    """Write both files, and replace earlier ones. Returns the summary. Its memory does not grow with the lines."""
    truth.write_text("", "utf-8")
    summary.write_text("{}", "utf-8")
    return append(truth, summary, lines)


def append(truth: Path, summary: Path, lines: Iterable[dict[str, Any]]) -> Summary:
    """Append ``lines`` to the truth, add them to the summary, and return it. Several processes may do so at once."""
    with _locked(summary):
        counts: Summary = json.loads(summary.read_text("utf-8"))
        with truth.open("a", encoding="utf-8") as file:
            for chunk in _chunks(lines):
                file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in chunk))
                for line in chunk:
                    _count(counts, line)
        fresh = summary.with_suffix(".new")
        fresh.write_text(json.dumps(counts, indent=2, sort_keys=True) + "\n", "utf-8")
        fresh.replace(summary)
    return counts


def read(truth: Path) -> Iterator[dict[str, Any]]:
    """The lines of a truth file, one by one."""
    with truth.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _chunks(lines: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    for line in lines:
        chunk.append(line)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _count(counts: Summary, line: dict[str, Any]) -> None:
    of = counts.setdefault(line["source"], {"emitted": 0, "verified": 0, "rejected": 0, "duplicates": 0, "codes": {}})
    of["emitted"] += 1
    if "duplicate_of" in line:
        of["duplicates"] += 1
    elif line["code"]:
        of["rejected"] += 1
        of["codes"][line["code"]] = of["codes"].get(line["code"], 0) + 1
    else:
        of["verified"] += 1


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
