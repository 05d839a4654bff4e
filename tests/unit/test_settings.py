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


def test_variables_that_kubernetes_sets_for_a_service_are_no_settings() -> None:
    """A service with the name hub, hub-api or hub-1 puts these into every container of its namespace."""
    environ = {
        "HUB_SERVICE_HOST": "10.0.0.1",
        "HUB_SERVICE_PORT": "8460",
        "HUB_SERVICE_PORT_HTTP": "8460",
        "HUB_PORT": "tcp://10.0.0.1:8460",
        "HUB_PORT_8460_TCP": "tcp://10.0.0.1:8460",
        "HUB_PORT_8460_TCP_ADDR": "10.0.0.1",
        "HUB_1_PORT_53_UDP_PROTO": "udp",
        "HUB_API_SERVICE_HOST": "10.0.0.2",
    }
    assert load(None, environ) == load(None, {})
    assert load(None, environ | {"HUB_WEB__PORT": "1"}).web.port == 1


@pytest.mark.parametrize("name", ["HUB_PORT", "HUB_STRANGE", "HUB_SERVICE"])
def test_a_variable_that_is_no_setting_is_named(name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        load(None, {name: "8460"})


def test_text_is_stripped_and_control_characters_are_refused_by_key(tmp_path: Path) -> None:
    settings = load(written(tmp_path, '[connectors.x]\ntoken = "t\\n"\n'), {"HUB_KAFKA__PASSWORD": " p\r\n"})
    assert settings.connector("x") == {"token": "t"}
    assert settings.kafka.password is not None and settings.kafka.password.get_secret_value() == "p"
    with pytest.raises(Misconfigured, match=r"kafka\.password") as error:
        load(None, {"HUB_KAFKA__PASSWORD": "s3\ncr3t"})
    assert "cr3t" not in str(error.value)
