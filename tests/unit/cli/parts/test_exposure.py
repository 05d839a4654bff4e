"""P5: files that others can read, and connections that others can read, are found."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli.parts import exposure
from hub.errors import Misconfigured
from hub.settings import Settings

SECRETS = '[connectors.utility_crm]\nurl = "https://crm.example"\ntoken = "t"\n'


def of(folder: Path) -> Settings:
    return Settings(store_url=f"sqlite:///{folder}/store.db", vault_url=f"sqlite:///{folder}/vault.db")


def test_p5_a_database_that_others_can_read_is_found_with_the_command_that_closes_it(tmp_path: Path) -> None:
    home = tmp_path / "open"
    home.mkdir()
    home.chmod(0o755)
    (home / "vault.db").touch(0o644)
    (home / "vault.db").chmod(0o644)
    with pytest.raises(Misconfigured, match=r"vault\.db.*chmod 700"):
        exposure.files(tmp_path / "none.toml", of(home))
    home.chmod(0o700)
    assert exposure.files(tmp_path / "none.toml", of(home))


@pytest.mark.parametrize(
    ("text", "found"), [(SECRETS, True), ('[kafka]\npassword = "p"\n', True), ("partitions = 2\n", False)]
)
def test_p5_a_settings_file_with_secrets_must_not_be_open_to_others(tmp_path: Path, text: str, found: bool) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o640)
    assert exposure.files(file, of(tmp_path))
    file.chmod(0o644)
    if not found:
        assert exposure.files(file, of(tmp_path))
        return
    with pytest.raises(Misconfigured, match="has secrets"):
        exposure.files(file, of(tmp_path))


def test_an_allowed_plain_connection_is_named() -> None:
    settings = Settings.model_validate({"log_url": "kafka://b1:9092", "kafka": {"insecure": True}})
    assert "kafka.insecure = true" in exposure.connections(settings)


def test_p5_what_the_command_writes_is_for_its_own_user_only(tmp_path: Path) -> None:
    """Also when the user's own mask is open."""
    command = "import os, sys; os.umask(0o022); sys.argv = ['hub', 'topics', 'apply']; import hub.cli; hub.cli.main()"
    environ = os.environ | {"HUB_CRASH": ""}
    subprocess.run([sys.executable, "-c", command], cwd=tmp_path, env=environ, check=True, capture_output=True)
    written = [tmp_path / ".hub", *(tmp_path / ".hub").rglob("*")]
    assert len(written) > 1
    assert {oct(one.stat().st_mode & 0o777) for one in written} <= {"0o600", "0o700"}
