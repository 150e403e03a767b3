# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing a tree, which takes as long as there are files in it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from served import PASSWORD, USER, Client, Served, crowd, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tree(root: Path) -> Path:
    """A directory with more files than a worker removes without telling how far it is."""
    found = root / "tree"
    found.mkdir()
    crowd(found, (str(number) for number in range(1500)))
    return found


@pytest.fixture
def slow(served: Served, tree: Path) -> Iterator[tuple[Client, int]]:
    """A client that is logged in, and its worker, which does nothing until it is let go on."""
    assert tree.is_dir()
    assert served.at_rest()
    served.trouble()
    with Client(served) as client:
        # What stands in for the helper has answered, so the next process is the worker.
        assert client.says(f"USER {USER}")[:3] == "331"
        before = set(served.processes())
        assert client.says(f"PASS {PASSWORD}")[:3] == "230"
        [worker] = set(served.processes()) - before
        os.kill(worker, signal.SIGSTOP)
        yield client, worker
    assert not served.trouble()


def test_a_client_that_hangs_up_ends_the_removal_of_a_tree(
    slow: tuple[Client, int], tree: Path
) -> None:
    client, worker = slow
    log = client.served.log()
    client.send("SITE RMDIR tree")
    client.sock.close()
    left = eventually(lambda: ": hung up;" in client.served.log().removeprefix(log))
    os.kill(worker, signal.SIGCONT)

    assert left
    assert eventually(lambda: worker not in client.served.processes())
    assert any(tree.iterdir())


def test_a_tree_is_removed_whole_before_abor_is_answered(
    slow: tuple[Client, int], tree: Path
) -> None:
    client, worker = slow
    client.send("SITE RMDIR tree", "ABOR", "NOOP")
    os.kill(worker, signal.SIGCONT)

    assert client.reply() == "250 Removed 1501 files and directories."
    assert client.replies(2) == ["226", "200"]
    assert not tree.exists()


def test_a_tree_that_cannot_be_removed_is_refused_before_abor_is_answered(
    slow: tuple[Client, int],
) -> None:
    client, worker = slow
    client.send("SITE RMDIR nothing", "ABOR", "NOOP")
    os.kill(worker, signal.SIGCONT)

    assert client.replies(3) == ["550", "226", "200"]
