# SPDX-License-Identifier: GPL-3.0-or-later
"""The server for most dialogues, and those for which a dialogue asks in its first line."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from secured import make_certificate
from served import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUIRE_DATA_TLS = "options.Settings.__init__.__kwdefaults__.update(require_data_tls=True)"


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
def others(
    served: Served, credentials: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Served]]:
    """All of them serve the same directory."""
    certificate = ("--credentials", str(credentials))
    wanted = {
        "READ-ONLY": (("--read-only",), ""),
        "CERTIFICATE": (certificate, ""),
        "REQUIRE-TLS": ((*certificate, "--require-tls"), ""),
        "REQUIRE-DATA-TLS": (certificate, REQUIRE_DATA_TLS),
    }
    with contextlib.ExitStack() as keep:
        yield {
            word: keep.enter_context(
                serving(served.root, tmp_path_factory.mktemp("log") / "log", *given, change=change)
            )
            for word, (given, change) in wanted.items()
        }
