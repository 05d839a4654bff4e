"""A table of the policy is read strictly: what it cannot mean is refused, with the place (P4, P6)."""

from importlib import resources

import pytest

from hub.cases import policy
from hub.errors import Misconfigured

TEXT = resources.files("hub.cases").joinpath("policies/2022.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("whole_process = 3", "whole_process = 3\ntotal = 3", "either"),
        ("whole_process = 3", "", "either"),
        ("whole_process = 3", "whole_process = 0", "greater than or equal to 1"),
        ("whole_process = 3", "whole_process = 100_000", "less than or equal"),
        ("whole_process = 3", 'whole_process = "3"', "valid integer"),
        ("total = 17", "total = 18", "sum of its segments"),
        ("total_starred = 22", "", "sum of its segments"),
        ('name = "supply-plan"', 'name = "survey"', "in their order"),
        ('segments = ["acceptance", "supply-plan"]', 'segments = ["acceptance"]', "belongs to one step"),
        ('["identity", "property", "project"]', '["identity", "photo"]', "no such material: photo"),
        ("[case.high-dual]", "[case.high-triple]", "the rows are"),
        ("LOW = 5, HIGH", "MIDDLE = 5, HIGH", "voltage classes"),
        ("effective_to = 2022-12-31", "effective_to = 2021-12-31", "effective_to"),
        ("effective_to = 2022-12-31", 'effective_to = "2022-12-31"', "valid date"),
        ("starting_day_counts = false", "starting_day_counts = 0", "valid boolean"),
        ("starting_day_counts = false", "starting_day_counts = false\nwindow = 1", "Extra inputs"),
        ("free = true", "free = true, unless = 1", "Extra inputs"),
    ],
)
def test_p4_a_table_that_contradicts_itself_is_refused_with_the_place(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(Misconfigured, match=said):
        policy.load(TEXT.replace(old, new))


def test_p4_a_table_may_tell_works_outside_the_site_apart() -> None:
    """The figures are the test's own: no table that is in force tells them apart."""
    row = "[case.low-other.with_works]\ntotal = 9\nsegments = [\n"
    row += '  { name = "acceptance", zh = "受理签约", en = "a", days = 1, materials = ["identity", "property"] },\n'
    row += '  { name = "supply-plan", zh = "供电方案答复", en = "p", days = 2 },\n'
    row += '  { name = "completion", zh = "竣工检验和装表接电", en = "c", days = 6 },\n]\n'
    table = policy.load(f"{TEXT}\n{row}")
    found = table.cases["low-other"]
    assert (found.where(False).total(False), found.where(True).total(False)) == (5, 9)
    assert found.where(True).steps == found.steps
    assert table.where(True).cases == {**table.cases, "low-other": found.where(True)}
    assert table.where(None) == table.where(False) == table
    assert not policy.load(TEXT).cases["low-other"].with_works
