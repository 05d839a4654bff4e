"""What commands that change many records have in common: the hub, and a line that says how far they are."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from rich.progress import Progress, TextColumn

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cli.shown.console import console


def job_hub(config: Path | None, dry_run: bool) -> AbstractContextManager[Hub]:
    """The hub of the settings; with ``dry_run`` one that only reads. Raises as ``open_hub`` and ``reading`` do."""
    settings = hub_settings.load(config)
    return reading(settings) if dry_run else closing(open_hub(settings))


@contextmanager
def progress_line(text: str) -> Iterator[Callable[[str], None]]:
    """A line of progress on standard error, as long as that is a terminal; what is given changes its text."""
    columns, out = (TextColumn("{task.description}"),), console(stderr=True)
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task(text)
        yield lambda changed: bar.update(task, description=changed)
