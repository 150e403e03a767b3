# SPDX-License-Identifier: GPL-3.0-or-later
"""A server, one whose limits are short, and clients that end in step with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from secured import SecureClient, make_certificate
from served import Client, Served, empty, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMPATIENT = """
limits.FAILURE_SECONDS = 0.01
limits.LOGIN_TIMEOUT_SECONDS = 0.5
limits.EXPANDED_DIRECTORIES = 1000
options.Settings.__init__.__kwdefaults__.update(idle_timeout_sec=1, data_timeout_sec=1)
"""

STRICT = """
limits.HANDSHAKE_SECONDS = 0.5
chosen = options.Settings.__init__.__kwdefaults__
chosen.update(tls_resumption="require", require_tls_close=True)
"""
IMPLICIT = """
from ftpsd.session import serve
limits.HANDSHAKE_SECONDS = 0.5
# The port of this server is not known yet: it is the one for implicit TLS, whichever it is.
serve.IMPLICIT_PORT = type("Any", (), {"__eq__": lambda *_: True})()
"""


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as systemd makes it for a session, with one certificate."""
    found = tmp_path_factory.mktemp("credentials")
    make_certificate(found / "ftpsd.pem", "localhost")
    return found


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(tmp_path_factory.mktemp("root"), log) as served:
        yield served


@pytest.fixture(scope="session")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that waits for a second where another waits for minutes, or works for seconds."""
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


@pytest.fixture(scope="session")
def secured(credentials: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has a certificate."""
    log = tmp_path_factory.mktemp("log") / "log"
    arguments = ("--credentials", str(credentials))
    with serving(tmp_path_factory.mktemp("root"), log, *arguments) as served:
        yield served


@pytest.fixture(scope="session")
def strict(
    secured: Served, credentials: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One that wants resumption and close_notify, and has little patience with handshakes."""
    yield from beside(secured, credentials, tmp_path_factory, STRICT)


@pytest.fixture(scope="session")
def implicit(
    secured: Served, credentials: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One where TLS begins with the first byte."""
    yield from beside(secured, credentials, tmp_path_factory, IMPLICIT)


def beside(
    secured: Served, credentials: Path, temporary: pytest.TempPathFactory, change: str
) -> Iterator[Served]:
    """Serve the same directory with the same certificate otherwise."""
    log = temporary.mktemp("log") / "log"
    with serving(secured.root, log, "--credentials", str(credentials), change=change) as served:
        yield served


@pytest.fixture
def secure(secured: Served) -> Iterator[SecureClient]:
    """A client that has logged in under TLS, and at the end has heard no reply too many."""
    empty(secured.root)
    yield from to_the_end(secured)


@pytest.fixture
def strictly(strict: Served) -> Iterator[SecureClient]:
    """The same where everything is strict."""
    empty(strict.root)
    yield from to_the_end(strict)


def to_the_end(served: Served) -> Iterator[SecureClient]:
    served.trouble()
    with SecureClient(served) as client:
        yield client.login()

        assert client.in_step()
        assert client.says("QUIT")[:3] == "221"
        assert client.ended()
        assert client.tls
        assert client.tls.clean
    assert not served.trouble()
