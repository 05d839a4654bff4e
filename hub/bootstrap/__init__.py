"""The one place that connects the parts of the hub: a hub with its stages, or one to read only."""

from hub.bootstrap.hub import Business, Hub, Make, open_hub
from hub.bootstrap.reading import check_not_lost, check_tables, check_vault, is_made, reading, with_empty

__all__ = [
    "Business",
    "Hub",
    "Make",
    "check_not_lost",
    "check_tables",
    "check_vault",
    "is_made",
    "open_hub",
    "reading",
    "with_empty",
]
