"""``python -m deploy.broker.prepare``: have what a real broker and PostgreSQL need, or say what is missing.

As root on Debian or Ubuntu it installs their packages; elsewhere it names them and exits 1.
"""

import os
import shutil
import subprocess
import sys

from deploy.broker import kafka, postgres
from deploy.broker.missing import Missing

_INSTEAD = "or leave these servers out: make test-embedded"


def main() -> None:
    for look in (kafka.tools, postgres.binaries):
        try:
            look()
        except Missing as missing:
            _install(missing)
            look()
    kafka.jars()


def _install(missing: Missing) -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"error: {missing}\n       {_INSTEAD}")
    print(f"installing {missing.package} …", file=sys.stderr, flush=True)
    for arguments in (("update",), ("install", "-y", "--no-install-recommends", missing.package)):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", *arguments], check=True, stdout=subprocess.DEVNULL, env=environ)


if __name__ == "__main__":
    main()
