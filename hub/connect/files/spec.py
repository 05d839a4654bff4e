"""The section ``[files]`` of a ``connector.toml``: batches of files as data."""

from hub.connect.frozen import Frozen


class FilesSpec(Frozen):
    """Batches of files in a folder: their form, and where keys and times are in their rows."""
