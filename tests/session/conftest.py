# SPDX-License-Identifier: GPL-3.0-or-later
"""A server, one whose limits are short, and clients that end in step with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served import Client, Served, empty, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMPATIENT = """
limits.FAILURE_SECONDS = 0.01
limits.LOGIN_TIMEOUT_SECONDS = 0.5
options.Settings.__init__.__kwdefaults__.update(idle_timeout_sec=1, data_timeout_sec=1)
"""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(tmp_path_factory.mktemp("root"), log) as served:
        yield served


@pytest.fixture(scope="session")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits for a second where another waits for minutes."""
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(tmp_path_factory.mktemp("root"), log, change=IMPATIENT) as served:
        yield served


@pytest.fixture
def root(served: Served) -> Path:
    """The directory that is served, with nothing in it."""
    empty(served.root)
    return served.root


@pytest.fixture
def client(served: Served, root: Path) -> Iterator[Client]:
    """A client that is logged in, and at the end has heard no reply too many or too few."""
    assert root.is_dir()
    served.trouble()
    with Client(served) as client:
        yield client.login()

        assert client.in_step()
        assert client.says("QUIT")[:3] == "221"
        assert client.ended()
    assert not served.trouble()
