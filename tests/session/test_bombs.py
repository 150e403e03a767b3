# SPDX-License-Identifier: GPL-3.0-or-later
"""Small things that want to become large ones: memory and work stay within bounds."""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from served import Client, crowd, eventually, everything

from ftpsd import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from served import Served

MIB = 1 << 20
PROCESSES = 3
"""Session, worker, and what stands in for the helper."""
BOUND = 24 * MIB
"""What one session may need beyond what it had after the login; buffers are far below."""


def sessions(served: Served) -> set[int]:
    """Give the processes that have come since the server started."""
    return set(served.processes()) - served._at_rest


def peak(pids: set[int]) -> int:
    """Give the most memory that the processes ever had, in bytes."""
    total = 0
    for pid in pids:
        status = Path(f"/proc/{pid}/status").read_text()
        total += int(status.partition("VmHWM:")[2].split()[0]) << 10
    return total


class Watched:
    """What the processes of one client grow by."""

    def __init__(self, client: Client) -> None:
        # Those of the client before may still be ending.
        assert eventually(lambda: len(sessions(client.served)) == PROCESSES)
        # What a process needs to begin with is no part of what it grows by: all of them answer.
        assert client.codes("NOOP", "SIZE none") == ["200", "550"]
        self.pids = sessions(client.served)
        self._before = peak(self.pids)

    def grown(self) -> int:
        return peak(self.pids) - self._before


@pytest.fixture
def watched(client: Client) -> Watched:
    return Watched(client)


def zeros(mebibytes: int) -> Iterator[bytes]:
    """Give a zlib stream that unpacks to so many zeros, about a kilobyte for each MiB."""
    deflate = zlib.compressobj(9)
    for _ in range(mebibytes):
        yield deflate.compress(bytes(MIB))
    yield deflate.flush()


def test_a_zip_bomb_needs_no_memory(client: Client, watched: Watched) -> None:
    bomb = b"".join(zeros(100))
    assert len(bomb) < MIB / 2
    client.says("MODE Z")

    assert client.store("STOR bomb", bomb)[:3] == "226"
    assert (client.served.root / "bomb").stat().st_size == 100 * MIB
    assert watched.grown() < BOUND


def test_a_zip_bomb_as_text_needs_no_memory(client: Client, watched: Watched) -> None:
    deflate = zlib.compressobj(9)
    bomb = deflate.compress(b"\r\n" * (16 * MIB)) + deflate.flush()
    client.codes("MODE Z", "TYPE A")

    assert client.store("STOR bomb", bomb)[:3] == "226"
    assert (client.served.root / "bomb").stat().st_size == 16 * MIB
    assert watched.grown() < BOUND


def test_a_large_file_is_compressed_without_memory(
    client: Client, root: Path, watched: Watched
) -> None:
    (root / "large").touch()
    os.truncate(root / "large", 100 * MIB)
    client.codes("MODE Z", "OPTS MODE Z LEVEL 1")

    assert len(client.fetch("RETR large")) < 2 * MIB
    assert watched.grown() < BOUND


def test_junk_after_a_stream_is_not_taken(client: Client, watched: Watched) -> None:
    client.says("MODE Z")

    assert client.store("STOR new", zlib.compress(b"hello") + bytes(100 * MIB))[:3] == "451"
    assert (client.served.root / "new").read_bytes() == b"hello"
    assert watched.grown() < BOUND


# The name of a file has 255 bytes at most: what is longer fits nothing.
GLOBS = {
    "short nested": "{a," * 80 + "}" * 15,
    "short pairs": "{a,b}" * 51,
    "short empty pairs": "{,}" * 85,
    "short open sets": "*" + "[" * 254,
    "short sets": "*[ab]" * 51,
    "short marks": "?*" * 127,
    "stars": "*a*a*a*a*a*a*a*a*a*a*a*a*b",
    "open braces": "{" * 4000,
    "braces": "{" * 2000 + "}" * 2000,
    "nested": "{a," * 1300 + "}" * 90,
    "pairs": "{a,b}" * 800,
    "empty pairs": "{,}" * 1300,
    "commas": "{" + "," * 4000 + "}",
    "open sets": "*" + "[" * 4000,
    "sets": "*[ab]" * 800,
    "a long set": "*[" + "b" * 3000 + "]x",
    "marks": "?*" * 2000,
}


@pytest.fixture
def names(root: Path) -> Path:
    """A directory of long names that nearly fit."""
    for number in range(20):
        (root / ("a" * 200 + str(number))).touch()
    return root


@pytest.mark.parametrize("glob", GLOBS.values(), ids=GLOBS)
def test_a_pattern_cannot_explode(client: Client, names: Path, glob: str, watched: Watched) -> None:
    assert names.is_dir()
    with client.passive() as data:
        first = client.says(f"LIST {glob}")[:3]
        if first == "150":
            everything(data)
    # Nothing fits, or the name is too long to be one.
    codes = [first, *client.replies(first == "150")]

    assert codes in (["150", "226"], ["550"])
    assert watched.grown() < BOUND


def test_a_pattern_may_be_longer_than_a_name(client: Client, names: Path) -> None:
    some = sorted(os.listdir(names))[:3]
    found = client.fetch("NLST {" + ",".join(some) + "}")

    assert found.decode().split() == some


def test_links_cannot_make_a_pattern_explode(client: Client, root: Path, watched: Watched) -> None:
    for number in range(30):
        (root / f"{number:0200}").symlink_to(".")
    with client.passive() as data:
        assert client.says("NLST " + "*/" * 15 + "none")[:3] == "150"
        assert everything(data) == b""

    assert client.reply()[:3] == "550"
    assert watched.grown() < BOUND


@pytest.mark.parametrize("size", [5000, 70_000, 1_000_000])
def test_a_long_line_is_one_mistake(client: Client, watched: Watched, size: int) -> None:
    client.raw(b"RETR " + b"x" * size + b"\r\n")

    assert client.reply()[:3] in ("500", "501")
    assert client.in_step()
    assert watched.grown() < 4 * MIB


def test_a_line_without_an_end_needs_no_memory(client: Client, watched: Watched) -> None:
    for _ in range(64):
        client.raw(b"x" * MIB)
    client.raw(b"\r\n")

    assert client.reply()[:3] == "500"
    assert watched.grown() < 4 * MIB


def test_ten_thousand_mistakes_are_answered_by_an_end(served: Served, root: Path) -> None:
    assert root.is_dir()
    with Client(served) as client:
        client.login()
        try:
            client.raw(b"NOSUCH\r\n" * 10_000)
        except OSError:
            # It has hung up before it had read them all.
            pass
        codes = []
        try:
            while True:
                codes.append(client.reply()[:3])
        except (EOFError, ConnectionResetError):
            pass

    assert codes == ["500"] * limits.CLIENT_ERRORS + ["421"]
    assert served.at_rest()
    assert not served.trouble()


def test_fifty_thousand_commands_at_once_are_answered(client: Client, watched: Watched) -> None:
    sender = threading.Thread(target=client.raw, args=(b"NOOP\r\n" * 50_000,))
    sender.start()
    answers = client.replies(50_000)
    sender.join()

    assert set(answers) == {"200"}
    # Reading pauses when four of the longest lines wait; every reply is sent before the next.
    assert watched.grown() < 8 * limits.LINE_BYTES


MANY = 70_000
"""More than are sorted; see limits.SORTED_NAMES."""


def test_more_names_than_are_sorted_are_listed_in_bounded_memory(
    client: Client, root: Path, watched: Watched
) -> None:
    directory = root / "many"
    directory.mkdir()
    crowd(directory, (f"a name of usual length {number:06}.txt" for number in range(MANY)))

    names = client.fetch("NLST many").split(b"\r\n")[:-1]
    assert len(names) == MANY
    assert len(set(names)) == MANY
    assert client.fetch("LIST many").count(b"\r\n") == MANY
    # A part of the names is held to see whether they are few enough to be sorted.
    assert watched.grown() < 48 * MIB

    # It takes them away, too.
    assert client.says("SITE RMDIR many") == f"250 Removed {MANY + 1} files and directories."
    assert not directory.exists()
    assert watched.grown() < 64 * MIB


def deepen(root: Path, depth: int) -> None:
    at = os.open(root, os.O_PATH)
    for _ in range(depth):
        os.mkdir("d", dir_fd=at)
        last, at = at, os.open("d", os.O_PATH, dir_fd=at)
        os.close(last)
    os.close(at)


def test_a_tree_is_removed_to_its_greatest_depth(client: Client, root: Path) -> None:
    deepen(root, limits.TREE_DEPTH + 1)

    assert client.says("SITE RMDIR d")[:3] == "250"
    assert not (root / "d").exists()


def test_a_deeper_tree_is_refused(client: Client, root: Path, watched: Watched) -> None:
    deepen(root, 300)

    assert client.says("SITE RMDIR d")[:3] == "550"
    assert (root / "d").exists()
    assert client.fetch("LIST -R").count(b"\r\n") < 4 * limits.LISTING_DEPTH + 8
    assert watched.grown() < BOUND


def test_removing_a_tree_removes_nothing_that_links_lead_to(
    client: Client, root: Path, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_bytes(b"alive")
    (root / "kept").mkdir()
    (root / "kept/file").touch()
    tree = root / "tree"
    tree.mkdir()
    for number, target in enumerate((str(tmp_path), "/", "..", "../kept", ".", str(canary))):
        (tree / str(number)).symlink_to(target)

    assert client.says("SITE RMDIR tree")[:3] == "250"
    assert canary.read_bytes() == b"alive"
    assert (root / "kept/file").exists()


def test_a_race_of_renames_leads_out_of_no_tree(client: Client, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    canaries = [outside / str(number) for number in range(50)]
    for canary in canaries:
        canary.touch()
    (root / "link").symlink_to(outside)
    over = threading.Event()
    rival = threading.Thread(target=swapping, args=(root, over))
    rival.start()
    try:
        for _ in range(30):
            fill(root / "tree")
            client.says("SITE RMDIR tree")
    finally:
        over.set()
        rival.join()

    assert all(canary.exists() for canary in canaries)


def swapping(root: Path, over: threading.Event) -> None:
    """Do what another session can do with RNFR and RNTO, only faster."""
    while not over.is_set():
        for names in (("tree/d", "aside"), ("link", "tree/d"), ("tree/d", "link")):
            with contextlib.suppress(OSError):
                (root / names[0]).rename(root / names[1])
        with contextlib.suppress(OSError):
            (root / "aside").rename(root / "tree/d")


def fill(tree: Path) -> None:
    for name in ("d/deep", "e/deep", "f/deep"):
        # `d` may be a link just now, or the directory may be gone again.
        with contextlib.suppress(OSError):
            (tree / name).mkdir(parents=True)
