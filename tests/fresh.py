"""New stores for tests: copies of one that the migrations made."""

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import Table, make_url

from hub.stores.migrate import STORE, History

_SCHEME = "sqlite:///"


def copy_new_stores(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """From now on ``STORE.upgrade`` of a SQLite file that is not there copies one. The first of each sort is made by
    the migrations, and stored in ``folder``. Every other database is upgraded as ever."""
    upgrade, turn = History.upgrade, threading.Lock()
    made: dict[tuple[Table, ...], tuple[Path, str]] = {}

    def copied(history: History, url: str, others: Iterable[Table] = ()) -> str:
        wanted = tuple(others)
        with turn:
            if history == STORE and (file := _missing(url)):
                if wanted not in made:
                    first = folder / f"{len(made)}.db"
                    made[wanted] = first, upgrade(history, f"{_SCHEME}{first}", wanted)
                source, revision = made[wanted]
                shutil.copyfile(source, file)
                return revision
        return upgrade(history, url, wanted)

    patch.setattr(History, "upgrade", copied)


def _missing(url: str) -> Path | None:
    """The file of a SQLite database, if it is not there yet and its folder is."""
    if not url.startswith(_SCHEME):
        return None
    file = Path(make_url(url).database or "")
    return file if file.parent.is_dir() and not file.exists() else None
