"""Understudy for Python: a stand-in for services that hand out credentials.

``start()`` runs the program and returns a :class:`Server`. With pytest, the
fixtures ``understudy_server`` and ``understudy`` do it for you.
"""

from ._client import ControlError, Credential, Provider, Sandbox, Server, World, binary, connect, start

__all__ = ["ControlError", "Credential", "Provider", "Sandbox", "Server", "World", "binary", "connect", "start"]
