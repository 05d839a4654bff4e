"""Ports for servers with several listeners."""

from sandbox.servers.ports import free_port


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(900)]
    assert len(set(ports)) == len(ports)
