"""What the hub gives to a connector when it opens it."""

from dataclasses import dataclass, field
from importlib import resources

from hub.connect.codes import Codes
from hub.connect.spec import ConnectorInfo, Limits
from hub.ports import Clock


@dataclass(frozen=True)
class Context:
    """What a connector is opened with: its own description, its limits with the operator's values, and the clock.

    ``package`` is its Python package; ``codes`` are the tables of the package's ``codes.csv``, empty without one.
    """

    info: ConnectorInfo
    limits: Limits
    clock: Clock
    package: str
    codes: Codes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", self._codes())

    def _codes(self) -> Codes:
        file = resources.files(self.package).joinpath("codes.csv")
        return Codes.read(file.read_text("utf-8")) if file.is_file() else Codes({})
