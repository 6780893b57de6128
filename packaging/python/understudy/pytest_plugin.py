"""Fixtures for pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import Sandbox, Server, start


@pytest.fixture(scope="session")
def understudy_server() -> Iterator[Server]:
    """One program for the whole run."""
    with start() as server:
        yield server


@pytest.fixture
def understudy(understudy_server: Server, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A world for one test, seeded by the test's name."""
    with understudy_server.sandbox(seed=request.node.nodeid) as sandbox:
        yield sandbox
