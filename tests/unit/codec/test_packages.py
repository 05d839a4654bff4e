"""Packages that bring schemas: found like installed ones, each with a range of ids of its own."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.codec import catalogue as catalogues
from hub.codec.catalogue import catalogue, fingerprint
from hub.codec.packages import FIRST_INSTALLED_ID, GROUP, OWN, Range, check_ranges, packages, range_of
from hub.errors import Misconfigured

SCHEMA = {"type": "record", "name": "Reading", "namespace": "org.example", "fields": [{"name": "kwh", "type": "long"}]}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which packages count as installed; what the hub knows of schemas is read again, before and after."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = set(sys.modules)
    packages.cache_clear()
    catalogues.catalogue.cache_clear()
    yield tmp_path
    for name in set(sys.modules) - known:
        del sys.modules[name]
    packages.cache_clear()
    catalogues.catalogue.cache_clear()


def install(site: Path, package: str, ids: object, schema_id: int = 0, **changes: object) -> None:
    """A package with one schema, as an installer leaves it."""
    folder = site / package
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "reading.avsc").write_text(json.dumps(SCHEMA))
    entry = {"id": schema_id, "name": f"{package}.reading", "version": 1, "file": "reading.avsc"}
    entry |= {"fingerprint": fingerprint(SCHEMA), **changes}
    lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()] if schema_id else []
    declared = [f"ids = {json.dumps(ids)}"] if ids else []
    (folder / "catalogue.toml").write_text("\n".join([*declared, *(["[[schema]]", *lines] if lines else [])]))
    register(site, package)


def register(site: Path, name: str) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}\n")


def test_the_hub_s_own_schemas_come_first_and_installed_ones_after_them(site: Path) -> None:
    install(site, "beta", [10_100, 10_199], 10_100)
    install(site, "alpha", [20_000, 20_000], 20_000)
    with pytest.raises(Misconfigured, match=r"the Avro record org\.example\.Reading twice"):
        catalogue()
    assert [package.name for package in packages()] == [OWN, "alpha", "beta"]


def test_a_schema_of_a_package_is_one_of_the_catalogue(site: Path) -> None:
    install(site, "alpha", [10_000, 10_009], 10_003)
    assert catalogue().by_id(10_003).name == "alpha.reading"
    assert catalogue().by_name("alpha.reading").record_name == "org.example.Reading"
    assert catalogue().by_name("hub.cursor").id == 3


@pytest.mark.parametrize(
    "ids", [[1, 10], [FIRST_INSTALLED_ID - 1, 20_000], [10_000, 1_000_000], [10_010, 10_000], None]
)
def test_a_range_that_is_not_a_package_s_to_give_is_refused(site: Path, ids: list[int]) -> None:
    install(site, "alpha", ids)
    with pytest.raises(Misconfigured, match="between 10000 and 999999"):
        packages()


def test_p2_two_packages_with_one_id_are_refused_with_the_remedy(site: Path) -> None:
    install(site, "alpha", [10_000, 10_100])
    install(site, "beta", [10_100, 10_200])
    with pytest.raises(Misconfigured, match="alpha and beta both give schema ids 10100 to 10100") as caught:
        packages()
    assert "uninstall one" in caught.value.remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": 10_010}, "outside"),
        ({"fingerprint": "0" * 64}, "not the schema of id"),
        ({"file": "other.avsc"}, "is no schema"),
        ({"part": "holder"}, "is no schema"),
        ({"name": "hub.record", "version": 2}, "the name hub.record twice"),
    ],
)
def test_a_catalogue_that_contradicts_itself_or_the_hub_is_refused(site: Path, changes: dict, said: str) -> None:
    install(site, "alpha", [10_000, 10_009], 10_000, **changes)
    with pytest.raises(Misconfigured, match=said):
        catalogue()


def test_what_cannot_be_loaded_is_named_with_its_entry_point(site: Path) -> None:
    register(site, "missing")
    with pytest.raises(Misconfigured, match=r"missing \(entry point missing of hub.kinds\) cannot be loaded"):
        packages()


def test_a_package_without_a_catalogue_or_with_a_broken_one_is_refused(site: Path) -> None:
    install(site, "alpha", [10_000, 10_009])
    (site / "alpha" / "catalogue.toml").write_text("ids = [")
    with pytest.raises(Misconfigured, match=r"alpha/catalogue\.toml is not valid TOML"):
        packages()
    (site / "alpha" / "catalogue.toml").unlink()
    with pytest.raises(Misconfigured, match=r"has no catalogue\.toml"):
        packages()


def test_ranges_that_touch_do_not_overlap() -> None:
    check_ranges({"one": Range(1, 9_999), "other": Range(10_000, 10_000)})
    with pytest.raises(Misconfigured, match="one and other"):
        check_ranges({"other": Range(5, 6), "one": Range(1, 9)})


def test_reserved_ids_lie_in_the_range_too() -> None:
    with pytest.raises(Misconfigured, match="id 9 is outside"):
        range_of("alpha", {"ids": [10_000, 10_001], "reserved": [{"id": 9, "name": "old"}]})
