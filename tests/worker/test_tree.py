# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree is removed with all that is in it and nothing that a link leads to."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ftpsd import limits
from ftpsd.worker import tree
from ftpsd.worker.beneath import Root
from ftpsd.worker.refusal import refusal
from ftpsd.worker.tree import remove_tree


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """Make a root with a tree in it and something precious beside both."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/file").write_text("")
    jail = tmp_path / "jail"
    (jail / "tree/a/b").mkdir(parents=True)
    (jail / "tree/a/b/file").write_text("")
    (jail / "tree/link").symlink_to("../../precious")
    (jail / "tree/dangling").symlink_to("nowhere")
    os.mkfifo(jail / "tree/fifo")
    (jail / "kept").mkdir()
    (jail / "kept/file").write_text("")
    (jail / "tree/inside").symlink_to("../kept")
    return jail


@pytest.fixture
def root(jail: Path) -> Iterator[Root]:
    """Open the root; no descriptor may be left in the end."""
    before = len(os.listdir("/proc/self/fd"))
    made = Root(str(jail))
    yield made
    os.close(made.fd)
    assert len(os.listdir("/proc/self/fd")) == before


def reason(root: Root, path: str) -> str:
    with pytest.raises(OSError, match="Errno") as caught:
        list(remove_tree(root, path))
    return refusal(caught.value).reason


def test_a_tree_is_removed_and_counted(root: Root, jail: Path) -> None:
    counts = list(remove_tree(root, "/tree"))

    assert counts == list(range(1, 9))
    assert sorted(os.listdir(jail)) == ["kept"]


@pytest.mark.parametrize("count", [0, 2, 3, 4, 9])
def test_a_directory_of_any_size_is_removed_some_names_at_a_time(
    root: Root, jail: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(tree, "AT_ONCE", 3)
    (jail / "many").mkdir()
    for number in range(count):
        (jail / f"many/{number}").write_text("")

    assert list(remove_tree(root, "/many")) == list(range(1, count + 2))


def test_a_large_directory_is_not_held_in_memory(
    root: Root, jail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its user may have more files than the helper, whose unit a worker is in, has memory."""
    monkeypatch.setattr(tree, "AT_ONCE", 512)
    (jail / "many").mkdir()
    for number in range(8 * tree.AT_ONCE):
        (jail / f"many/{number:0200}").touch()
    tracemalloc.start()
    try:
        for _ in remove_tree(root, "/many"):
            pass
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 3 * tree.AT_ONCE * 300


def test_what_links_lead_to_stays(root: Root, jail: Path) -> None:
    list(remove_tree(root, "/tree"))

    assert (jail / "kept/file").exists()
    assert (jail.parent / "precious/file").exists()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/none", "not_found"),
        ("/tree/fifo", "not_directory"),
        ("/tree/link", "not_directory"),
        ("/", "denied"),
        ("/tree/..", "denied"),
    ],
)
def test_what_is_no_tree_is_refused(root: Root, path: str, why: str) -> None:
    assert reason(root, path) in (why, "loop")


def test_a_tree_too_deep_is_refused(
    root: Root, jail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TREE_DEPTH", 1)

    assert reason(root, "/tree") == "loop"
    assert (jail / "tree/a/b/file").exists()


def test_a_directory_that_may_not_be_read_is_refused(root: Root, jail: Path) -> None:
    (jail / "tree/a").chmod(0)
    if os.geteuid() == 0:
        for path in (jail, jail / "tree", jail / "tree/a"):
            os.chown(path, 65534, 65534)
        os.seteuid(65534)
    try:
        assert reason(root, "/tree") == "denied"
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
        (jail / "tree/a").chmod(0o700)


def test_a_link_put_in_the_place_of_a_directory_is_not_followed(root: Root, jail: Path) -> None:
    precious, swapped = jail.parent / "precious", jail / "tree/x"
    link = partial(swapped.symlink_to, precious)
    acts: list[Callable[[], None]] = [link, swapped.unlink, swapped.mkdir, swapped.rmdir]
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for act in acts:
                try:
                    act()
                except OSError:
                    continue

    thread = threading.Thread(target=swap)
    thread.start()
    for _ in range(200):
        try:
            list(remove_tree(root, "/tree"))
        except OSError:
            pass
        (jail / "tree").mkdir(exist_ok=True)
    stop.set()
    thread.join()

    assert (precious / "file").exists()
