"""Free ports on loopback."""

import socket
from collections import deque

_given: deque[int] = deque(maxlen=1_000)


def free_port() -> int:
    """A port on which no process listens at the moment, and which this process was not given lately: a server with
    several listeners asks for all its ports before it uses the first."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.append(port)
            return port
