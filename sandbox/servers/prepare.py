"""``python -m sandbox.servers.prepare``: installs what the real servers need, or says what is missing.

As root on Debian or Ubuntu it installs the packages. On other systems it names them and exits with 1. kcat, a tool to
read topics, is installed in the same way; without it only its own test is skipped.
"""

import os
import shutil
import subprocess
import sys
from contextlib import suppress

from sandbox.servers import kafka, mariadb, postgres
from sandbox.servers.missing import Missing

_INSTEAD = "or leave these servers out: make test-embedded"


def main() -> None:
    """Check Java, Maven, PostgreSQL and MariaDB, install what is missing if that is allowed, and download Kafka."""
    for look in (kafka.tools, postgres.binaries, mariadb.binaries):
        try:
            look()
        except Missing as missing:
            _install(missing)
            look()
    if not shutil.which("kcat") and _may_install():
        with suppress(subprocess.CalledProcessError):
            _apt("kcat")
    kafka.jars()


def _install(missing: Missing) -> None:
    if not _may_install():
        sys.exit(f"error: {missing}\n       {_INSTEAD}")
    _apt(missing.package)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt(package: str) -> None:
    print(f"installing {package} …", file=sys.stderr, flush=True)
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", package)):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", *arguments], check=True, stdout=subprocess.DEVNULL, env=environ)


if __name__ == "__main__":
    main()
