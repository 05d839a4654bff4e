"""How clocks are printed: nothing that is shown is taken for markup."""

from io import StringIO

from rich.console import Console

from hub.cli.shown import clock

AT = "2022-04-01T01:00:00Z"
CLAIM = {"segment": "supply-plan", "why": "STEP_FUTURE", "action": "END", "at": AT, "said_at": AT, "late": False}
PLAIN = {"policy": "tianjin-2022", "source": "[red]津[/]", "starting_day_counts": False, "today": "2022-04-01"}


def test_p4_the_id_of_an_event_is_printed_whatever_letter_it_begins_with() -> None:
    out = StringIO()
    claim = {**CLAIM, "event": "abcdef0123"}
    clock.show({**PLAIN, "ended": None, "kinds": [], "pauses": [], "claims": [claim]}, Console(file=out, width=200))
    assert "[abcdef01]" in out.getvalue()
    assert "[red]津[/]" in out.getvalue()
