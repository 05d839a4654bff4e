"""An operator's own tables: each follows the one before it, and a case keeps the one that it began with (P4)."""

from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import pytest

from hub.cases import policy
from hub.cases.connection.tables import application
from hub.cases.policies import began, files
from hub.errors import Misconfigured, Unavailable
from hub.stores.database import Database
from tests.casework import House, body

TEXT = resources.files("hub.cases").joinpath("policies/2022.toml").read_text("utf-8")
Write = Callable[..., Path]


def following(
    version: str = "tianjin-2026", since: str = "2026-01-01", until: str = "2026-12-31", after: str = "tianjin-2022"
) -> str:
    """The table of 2022 as one that follows it."""
    text = TEXT.replace('version = "tianjin-2022"', f'version = "{version}"\npredecessor = "{after}"')
    return text.replace("effective_from = 2022-01-01", f"effective_from = {since}").replace(
        "effective_to = 2022-12-31", f"effective_to = {until}"
    )


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Write]:
    """Writes files into a folder; afterwards only the release's tables are known again."""
    folder = tmp_path / "policies"
    folder.mkdir()

    def put(**texts: str) -> Path:
        for name, text in texts.items():
            (folder / f"{name}.toml").write_text(text, "utf-8")
        return folder

    yield put
    policy.install(None)


def test_a_table_follows_those_of_the_release_and_is_in_force_from_its_day(write: Write) -> None:
    policy.install(write(b=following(), c=following("tianjin-2027", "2027-01-01", "2027-12-31", "tianjin-2026")))
    assert [one.version for one in policy.known()] == ["tianjin-2021", "tianjin-2022", "tianjin-2026", "tianjin-2027"]
    assert [one.successor for one in policy.known()][1:] == ["tianjin-2026", "tianjin-2027", ""]
    assert policy.by_version("tianjin-2026").effective_from.year == 2026
    policy.install(None)
    with pytest.raises(policy.NoTable, match="policies_dir") as missing:
        policy.by_version("tianjin-2026")
    assert isinstance(missing.value, Unavailable)  # what needs it waits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (following() + "\n[x]", r"a\.toml: the policy file cannot be read \(x: Extra"),
        (following(since="2022-12-31"), "begins on 2022-12-31, and tianjin-2022 is in force until 2022-12-31"),
        (following(since="2021-06-01", until="2021-12-31"), "in force until"),
        (following(after=""), 'does not say that it follows tianjin-2022 — write predecessor = "tianjin-2022"'),
        (following(after="tianjin-2021"), "does not say that it follows tianjin-2022"),
        (following("tianjin-2022"), "version tianjin-2022 is that of this release"),
        ("x" * (files.POLICY_BYTES_MAX + 1), "larger than a policy file may be"),
        (following().replace('"working-days"', '"hours"'), "a table by hours .* is not counted"),
    ],
)
def test_p4_a_table_that_cannot_be_put_into_force_is_refused_with_its_file(write: Write, text: str, said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        policy.install(write(a=text))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_p4_a_table_in_another_encoding_is_refused_with_the_line_and_the_remedy(write: Write, encoding: str) -> None:
    folder = write()
    (folder / "a.toml").write_bytes(following().encode(encoding))
    with pytest.raises(Misconfigured, match=r"a\.toml is not in UTF-8 \(line 1\) — save it as UTF-8"):
        policy.install(folder)


def test_a_table_as_an_editor_of_windows_saves_it_is_read(write: Write) -> None:
    folder = write()
    (folder / "a.toml").write_bytes(b"\xef\xbb\xbf" + following().replace("\n", "\r\n").encode())
    policy.install(folder)
    assert policy.by_version("tianjin-2026").zh == policy.by_version("tianjin-2022").zh


SAID = 'clause = "津工信电力〔2021〕8号 §5"'


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        (SAID, 'clause = ""', "material.identity.clause"),
        (SAID, 'clause = " "', "material.identity.clause"),
        ('clause = "津工信电力〔2021〕8号 §9"', 'clause = ""', "fee.clause"),
        ('zh = "用电人有效身份证件"', 'zh = ""', "material.identity.zh"),
        ('source = "津工信', 'source = ""\n# "', "source"),
        ('words = ["承诺书", "commitment letter"]', "words = []", "never.commitment-letter.words"),
        ('words = ["承诺书", "commitment letter"]', 'words = ["", "a"]', "never.commitment-letter.words.0"),
        ('words = ["承诺书", "commitment letter"]', 'words = ["_"]', "forbids everything"),
        ('zh = "用电人有效身份证件"', 'zh = "身份证件和承 諾書"', "identity is what may never .*: commitment-letter"),
        (
            "[material.identity]",
            "[material.commitment-letter]\n" + SAID + '\nzh="函"\nen="x"\n[material.identity]',
            "never",
        ),
    ],
)
def test_p6_a_table_without_its_clauses_or_with_what_it_forbids_is_refused(was: str, becomes: str, said: str) -> None:
    assert was in following()
    with pytest.raises(Misconfigured, match=said):
        files.load(following().replace(was, becomes, 1))


def test_p4_a_table_is_tried_as_it_would_be_put_into_force(write: Write, tmp_path: Path) -> None:
    """In the place of one of its version, and beside all others."""
    folder, file = write(a=following()), tmp_path / "new.toml"
    file.write_text(following().replace("whole_process = 7\n", "whole_process = 6\n"), "utf-8")
    assert policy.tried(file, folder).version == "tianjin-2026"
    assert policy.tried(folder / "a.toml", folder).version == "tianjin-2026"
    file.write_text(following("tianjin-2027", "2026-06-01", "2027-12-31", "tianjin-2026"), "utf-8")
    with pytest.raises(Misconfigured, match="begins on 2026-06-01, and tianjin-2026 is in force until 2026-12-31"):
        policy.tried(file, folder)
    with pytest.raises(Misconfigured, match="does not say that it follows tianjin-2022"):
        policy.tried(file, None)


def test_two_tables_of_one_version_or_too_many_or_no_folder_are_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"version tianjin-2026 is that of a\.toml"):
        policy.install(write(a=following(), b=following()))
    write(**{f"t{number}": "" for number in range(files.POLICIES_MAX)})
    with pytest.raises(Misconfigured, match="has over 100 files"):
        policy.install(write())
    with pytest.raises(Misconfigured, match="there is no folder"):
        policy.install(tmp_path / "none")


def check(store: Database, filed: list[files.Filed]) -> None:
    with store.write() as connection:
        digests = {one.table.version: one.digest for one in filed}
        began.check(connection, (application.c.policy,), [one.version for one in policy.known()], digests)


def test_p4_a_table_that_cases_began_with_does_not_change_and_is_not_taken_away(write: Write, tmp_path: Path) -> None:
    now = policy.install(write(a=following()))
    house = House(tmp_path)
    try:
        check(house.store, now)
        changed = following().replace("whole_process = 7\n", "whole_process = 6\n")
        check(house.store, policy.install(write(a=changed)))  # no case has begun with it
        house.submit(body())
        check(house.store, policy.install(write(a=f"# a remark\n{changed}")))
        with pytest.raises(Misconfigured, match="the table tianjin-2026 has changed, and applications began with it"):
            check(house.store, policy.install(write(a=following())))
        with pytest.raises(Misconfigured, match="began with the policy table tianjin-2026, which this hub has not"):
            check(house.store, policy.install(None))
    finally:
        house.close()


def test_p1_a_hub_without_the_file_says_so_and_waits_and_goes_on_when_it_has_it(write: Write, tmp_path: Path) -> None:
    folder = write(a=following())
    policy.install(folder)
    house = House(tmp_path)
    try:
        case_id = house.submit(body()).case_id
        policy.install(None)
        before = house.rows(application)
        with pytest.raises(policy.NoTable, match="tianjin-2026"):
            house.due()
        with pytest.raises(policy.NoTable, match="tianjin-2026"):
            house.applications.show(case_id)
        assert house.rows(application) == before
        policy.install(folder)
        assert house.due() > 0
        assert house.applications.show(case_id)["application_id"] == case_id.hex()
    finally:
        house.close()
