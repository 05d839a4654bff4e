"""The master key's file: readable by its owner only, and never made where an old one is missing."""

from pathlib import Path

import pytest

from hub.errors import Misconfigured
from hub.privacy.vault import MasterKey


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
