"""The key vault: P5 (nothing personal lies open; a subject can be erased) and P2 (the same one gets the same id)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.errors import Misconfigured, TamperDetected
from hub.privacy.vault import DatabaseVault, MasterKey
from hub.stores.database import Database

NUMBER = "360426199101010071"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/vault.db"


@pytest.fixture
def vault(url: str) -> Iterator[DatabaseVault]:
    vault = DatabaseVault(Database(url), MasterKey(bytes(32)))
    vault.prepare()
    yield vault
    vault.close()


def test_p2_the_same_identifier_has_one_id_in_every_process(vault: DatabaseVault, url: str) -> None:
    first = vault.identify([("person", one) for one in (NUMBER, "x", NUMBER)])
    other = DatabaseVault(Database(url), MasterKey(bytes(32)))
    assert other.identify([("person", NUMBER)]) == [first[0]]
    assert first[0] == first[2] != first[1]
    assert vault.identify([("enterprise", NUMBER)]) != [first[0]]


def test_p2_racing_processes_agree_on_new_identities(vault: DatabaseVault, url: str) -> None:
    vaults = [DatabaseVault(Database(url), MasterKey(bytes(32))) for _ in range(4)]
    answers: list[list[bytes]] = []
    people = [("person", f"n{i}") for i in range(500)]

    def ask(vault: DatabaseVault) -> None:
        ids = vault.identify(people)
        answers.append(ids + vault.keys(ids))

    threads = [threading.Thread(target=ask, args=(vault,)) for vault in vaults]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert all(answer == answers[0] for answer in answers)


def test_p5_erasing_reaches_a_process_that_has_the_key_cached(vault: DatabaseVault, url: str) -> None:
    other = DatabaseVault(Database(url), MasterKey(bytes(32)))
    subject = vault.identify([("person", NUMBER)])[0]
    key = vault.keys([subject])[0]
    assert other.open_keys([subject]) == [key]
    assert vault.erase(subject)
    assert other.open_keys([subject]) == [None]
    assert other.find([("person", NUMBER)]) == [None]
    assert vault.identify([("person", NUMBER)])[0] != subject
    assert not vault.erase(subject)


def test_p5_the_file_holds_neither_identifier_nor_key(vault: DatabaseVault, tmp_path: Path) -> None:
    key = vault.keys(vault.identify([("person", NUMBER)]))[0]
    vault.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert NUMBER.encode() not in stored
    assert key not in stored


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    MasterKey.load(path, create=True)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        MasterKey.load(path)
    with pytest.raises(Misconfigured, match="no master key"):
        MasterKey.load(tmp_path / "none")


def test_a_systemd_credential_shows_its_access_list_as_group_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "master.key"
    MasterKey.load(path, create=True)
    path.chmod(0o440)
    with pytest.raises(Misconfigured, match="chmod 600"):
        MasterKey.load(path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    MasterKey.load(path)
    path.chmod(0o444)
    with pytest.raises(Misconfigured, match="chmod 600"):
        MasterKey.load(path)


@pytest.mark.slow
def test_p5_a_hundred_thousand_cold_subjects_in_batches(vault: DatabaseVault, url: str) -> None:
    people = [("person", str(i)) for i in range(100_000)]
    ids = [one for start in range(0, len(people), 2_000) for one in vault.identify(people[start : start + 2_000])]
    keys = vault.keys(ids)
    cold = DatabaseVault(Database(url), MasterKey(bytes(32)))
    assert cold.identify(people) == ids
    assert cold.open_keys(ids) == keys


def test_p2_a_master_key_that_is_not_the_vaults_is_refused_before_anybody_gets_a_second_identity(
    vault: DatabaseVault, url: str
) -> None:
    other = DatabaseVault(Database(url), MasterKey(bytes([1] * 32)))
    with pytest.raises(TamperDetected, match="not this vault's"):
        other.prepare()
    with pytest.raises(TamperDetected, match="not this vault's"):
        other.identify([("person", NUMBER)])
