"""The error for software that is missing on this machine."""


class Missing(Exception):
    """Something on this machine is missing; the message says how to get it. ``package`` is Debian's name for it."""

    def __init__(self, what: str, package: str) -> None:
        super().__init__(f"{what} is missing: install it, e.g. apt-get install -y {package}")
        self.package = package
