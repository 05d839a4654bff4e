"""Named crash points: a test can kill the process exactly between two lines.

``HUB_CRASH=log.appended:3`` kills this process with SIGKILL the third time it passes ``crash_point("log.appended")``.
Without the variable a crash point costs one comparison.
"""

import os
import signal

_name, _, _count = os.environ.get("HUB_CRASH", "").partition(":")
_left = int(_count or 1)


def crash_point(name: str) -> None:
    """Kill this process here with SIGKILL, when ``HUB_CRASH`` names this point and its count is reached."""
    global _left  # noqa: PLW0603 - one process dies once
    if name == _name:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
