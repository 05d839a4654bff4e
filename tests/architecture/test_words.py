"""The words of the product are the field's own, and its sentences are plain: most readers are not native speakers."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("hub", "connectors", "sandbox", "schemas", "docs", "deploy")
SUFFIXES = (".py", ".md", ".toml", ".csv", ".yaml", ".yml", ".avsc")

# A word that is not the field's own, or that a dictionary for learners marks as literary or idiomatic → what to say.
INSTEAD = {
    "pace": "throttle",
    "gone": "deleted, missing, tombstone",
    "kept": "stored, cached, retained",
    "knock(s|ed|ing)?": "preflight, check the connection",
    "lanes": "assignor, separate topics",
    "elsewhere": "in another place, outside",
    "fill(s|ed|ing)?": "defaults, complete, add",
    "limits[_-]for[_-]policy": "policy",
    "anew|afresh": "again",
    "nobody": "no one, no user, no program",
    "somebody": "a person, an operator, an applicant",
    "whoever|whomever": "the caller, the one that",
    "whyever|whatever|whichever|wherever|whenever": "any, every, each time that",
    "comes? to rest": "ends, becomes empty",
    "hence|thereof|whence|lest": "so, of it, from where, so that … not",
    "besides": "also, in addition to",
    "of ours|of theirs": "our, their",
    "at hand": "available, present",
    "for good": "permanently, final",
    "for ever": "permanently, without limit",
    "(lie|lies|lay|lying) (open|on|in|beside|under)": "is open, is on, is stored in",
    "(goes|go|went|going) on": "continues",
    "stands? (in|on|beside|for|still)": "is in, is on, means, stops",
    "save (for|that)": "except",
    "at last|in silence|in one go|as it stands": "later, without a message, at once, as it is",
    "holds? up|held up": "delays",
    "under way": "running, in progress",
    "dealt": "assigned, distributed",
    "mend(s|ed|ing)?": "fix, correct",
    "(came|come|comes|become|becomes|became) of (it|them)": "the result",
}
# True uses: (word, what stands around it).
ALLOWED = (
    r"\bGONE\b",  # the state of a worker that no longer reports
)
_FORBIDDEN = re.compile("|".join(rf"(?<![A-Za-z])(?:{word})(?![A-Za-z])" for word in INSTEAD), re.IGNORECASE)
_ALLOWED = re.compile("|".join(ALLOWED))


def documents() -> list[Path]:
    """Every text of the product that people read: code, settings, documents."""
    rooms = [path for top in ROOMS for path in (ROOT / top).rglob("*")]
    return sorted(path for path in (*rooms, *ROOT.glob("*.md")) if path.suffix in SUFFIXES)


def forbidden(text: str) -> list[str]:
    """The forbidden words of ``text``, each with its line number."""
    lines = enumerate(text.splitlines(), 1)
    return [f"{number}: {found[0]}" for number, line in lines for found in _FORBIDDEN.finditer(_ALLOWED.sub("", line))]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_words_are_plain_and_standard(path: Path) -> None:
    found = forbidden(path.read_text("utf-8"))
    assert not found, f"{found}: see INSTEAD in {Path(__file__).name}"


def test_a_forbidden_word_is_found() -> None:
    assert forbidden("x\nthe rows_gone and Whoever, never backfill or a GONE worker") == ["2: gone", "2: Whoever"]
