"""Settings: unknown keys refused, secrets never shown, the environment over the file."""

from pathlib import Path

import pytest

from hub.errors import Misconfigured
from hub.settings import load


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, 'instance = "a"\n[web]\nport = 1\n[connectors.x]\ntoken = "t"\n')
    settings = load(path, {"HUB_WEB__PORT": "2", "HUB_CONNECTORS__X__URL": "http://u", "HUB_CRASH": "x", "OTHER": "y"})
    assert (settings.instance, settings.web.port) == ("a", 2)
    assert settings.connector("x") == {"token": "t", "url": "http://u"}


def test_channels_are_a_list_also_from_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, 'channels = ["app", "counter"]\n')
    assert load(path, {}).channels == ("app", "counter")
    assert load(path, {"HUB_CHANNELS": "app, 12345"}).channels == ("app", "12345")
    for wrong in ("a b", "王"):
        with pytest.raises(Misconfigured):
            load(path, {"HUB_CHANNELS": wrong})


def test_relative_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = load(written(tmp_path, 'log_url = "sqlite:///x/log.db"\n'), {})
    assert settings.log_url == f"sqlite:///{tmp_path}/x/log.db"
    assert settings.master_key_file.is_absolute()


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("strange = 1\n", {}),
        ("[web]\nport = 99999\n", {}),
        ("", {"HUB_STRANGE": "1"}),
        ("= broken", {}),
        ('log_level = "LOUD"', {}),
        ("", {"HUB_WEB": "1", "HUB_WEB__PORT": "2"}),
    ],
)
def test_what_is_not_a_setting_is_refused_by_name(tmp_path: Path, text: str, environ: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        load(written(tmp_path, text), environ)


def test_p5_a_secret_is_shown_neither_by_repr_nor_by_an_error(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[connectors.x]\nsecret = "s3cr3t"\n'), {})
    assert "s3cr3t" not in repr(settings) + settings.model_dump_json()
    with pytest.raises(Misconfigured) as error:
        load(written(tmp_path, 'partitions = "s3cr3t"\n'), {})
    assert "s3cr3t" not in str(error.value)
    assert "partitions" in str(error.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no settings file"):
        load(tmp_path / "none.toml", {})


def test_a_file_that_is_no_text_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "hub.toml", tmp_path):
        with pytest.raises(Misconfigured, match="cannot be read"):
            load(path, {})
