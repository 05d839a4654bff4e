"""A connector's folder: a Python package that is found by its entry point, or a folder of ``connectors_dir``, which
needs no Python."""

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable

from hub.connect.codes import Codes
from hub.connect.declared.hooks import Hook, load_hook
from hub.connect.declared.models import MappingSpec, read_mapping
from hub.connect.frozen import TOML_BYTES_MAX
from hub.connect.spec import ConnectorInfo, mapping_digest, parse_info
from hub.errors import Misconfigured

INFO, MAPPING, CODES, HOOK = "connector.toml", "mapping.toml", "codes.csv", "hook.py"
_MAPPED_BY = (CODES, INFO, "mapping.py", MAPPING, HOOK)


@dataclass(frozen=True)
class Folder:
    """The files of one connector. They are read once; make another ``Folder`` to read them again.

    ``name`` is for messages. ``package``: its Python package, "" for a folder without one. Every property raises
    ``Misconfigured`` with the file and the key that is wrong.
    """

    name: str
    root: Traversable
    package: str = ""

    @cached_property
    def info(self) -> ConnectorInfo:
        """The ``connector.toml``, with the digest of what maps the rows."""
        if not self.root.joinpath(INFO).is_file():
            raise Misconfigured(f"{self.name} has no {INFO}", "a connector's folder holds one: docs/connectors.md")
        info = parse_info(self.text(INFO), f"{self.name}/{INFO}")
        if self.mapping:
            # A hook may read what the mapping does not.
            read = sorted({*self.mapping.columns(), *info.section_columns} - {*info.columns})
            info = info.model_copy(update={"columns": (*info.columns, *read)})
        info._mapping = self.digest
        return info

    @cached_property
    def mapping(self) -> MappingSpec | None:
        """The ``mapping.toml``; ``None`` without one."""
        found = self.text(MAPPING)
        return read_mapping(found, f"{self.name}/{MAPPING}") if found else None

    @cached_property
    def codes(self) -> Codes:
        """The tables of ``codes.csv``; empty without one."""
        found = self.text(CODES)
        return Codes.read(found) if found else Codes({})

    @cached_property
    def hook(self) -> Hook | None:
        """The functions of ``hook.py``; ``None`` without one."""
        return load_hook(self.root.joinpath(HOOK), self.package, self.name)

    @cached_property
    def digest(self) -> bytes:
        """8 bytes of a SHA-256 over the files that say how rows are mapped."""
        return mapping_digest({name: self.root.joinpath(name) for name in _MAPPED_BY})

    @property
    def declared(self) -> bool:
        """Whether the source is declared: it has a mapping and a section for its transport."""
        return self.mapping is not None and self.info.section is not None

    def text(self, name: str) -> str:
        """The text of a file, "" without one."""
        file = self.root.joinpath(name)
        if not file.is_file():
            return ""
        try:
            data = file.read_bytes()
            if len(data) > TOML_BYTES_MAX:
                raise Misconfigured(f"{self.name}/{name} is larger than {TOML_BYTES_MAX} bytes", "make it shorter")
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Misconfigured(f"{self.name}/{name} is not UTF-8", "save it as UTF-8") from None
        except OSError as error:
            raise Misconfigured(f"{self.name}/{name} cannot be read ({error.strerror})", "see its mode") from None


def of_package(package: str) -> Folder:
    """The folder of an installed package. Raises ``ImportError`` when there is no such package."""
    return Folder(package, resources.files(package), package)
