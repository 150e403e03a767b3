# SPDX-License-Identifier: GPL-3.0-or-later
"""One server for all tests of settings, and the three places a setting may stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configured import PLACES, Configured
from served import empty, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configured]:
    directory = tmp_path_factory.mktemp("config")
    log = tmp_path_factory.mktemp("log") / "log"
    quick = "limits.FAILURE_SECONDS = 0.01"
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        # As far from UTC as no other machine is.
        patch.setenv("TZ", "TEST-23")
        yield from _serve(root, log, directory, quick)


def _serve(root: Path, log: Path, directory: Path, quick: str) -> Iterator[Configured]:
    with serving(root, log, "--config", str(directory), change=quick) as served:
        yield Configured(served, directory)


@pytest.fixture
def configured(one_server: Configured) -> Iterator[Configured]:
    """Give the server with nothing set and nothing in its root."""
    one_server.write("main", "")
    empty(one_server.root)
    one_server.served.trouble()
    yield one_server
    assert not one_server.served.trouble()


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Each place that a setting may stand in."""
    where: str = request.param
    return where
