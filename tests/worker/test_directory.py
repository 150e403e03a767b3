# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory is listed as it is asked for, whatever its names are and however many."""

from __future__ import annotations

import os
import stat
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import NOW, PLAIN, READER, WHO, data, lines, long_names
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd import limits
from ftpsd.protocol.reply import clean
from ftpsd.wire import files
from ftpsd.worker.beneath import Root
from ftpsd.worker.directory import Directory
from ftpsd.worker.lines import Facts
from ftpsd.worker.rights import EVERYTHING


@pytest.fixture
def jail(tmp_path: Path) -> Path:
    """Make a root with files of which each is first or last in some order."""
    jail = tmp_path / "jail"
    (jail / "dir/deeper").mkdir(parents=True)
    (jail / "dir/deeper/last").write_text("")
    (jail / "dir/.hidden").write_text("")
    (jail / "dir/back").symlink_to("..")
    for size, name in enumerate(("b", "a", "c")):
        (jail / name).write_text("x" * size)
        os.utime(jail / name, (NOW, NOW - 60 * len(name) - size))
    (jail / "link").symlink_to("dir")
    (jail / ".dot").write_text("")
    for name in ("dir", "dir/deeper"):
        os.utime(jail / name, (NOW, NOW - 9999))
    return jail


@pytest.fixture
def root(jail: Path) -> Iterator[Root]:
    """Open the root; no descriptor may be left in the end."""
    before = len(os.listdir("/proc/self/fd"))
    made = Root(str(jail))
    yield made
    os.close(made.fd)
    assert len(os.listdir("/proc/self/fd")) == before


def shown_facts(root: Root, path: str = "/", **wanted: Any) -> dict[str, str]:
    found = (line.split(" ", 1) for line in lines(root, path, form="facts", **wanted))
    return {name: facts for facts, name in found}


def test_a_listing_leaves_no_descriptor_open(root: Root) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for form in ("names", "long", "facts"):
        data(root, form=form, recursive=True)

    assert len(os.listdir("/proc/self/fd")) == before


def test_names_are_sorted_and_hidden_ones_are_not_shown(jail: Path) -> None:
    root = Root(str(jail))

    assert lines(root) == ["a", "b", "c", "dir", "link"]
    assert lines(root, reverse=True) == ["link", "dir", "c", "b", "a"]
    assert lines(root, hidden=True) == [".dot", "a", "b", "c", "dir", "link"]
    os.close(root.fd)


def test_sizes_and_times_sort(jail: Path) -> None:
    root = Root(str(jail))

    assert lines(root, "/[abc]", by_size=True) == ["c", "a", "b"]
    assert lines(root, "/[abc]", by_size=True, reverse=True) == ["b", "a", "c"]
    assert lines(root, "/[abc]", by_time=True) == ["b", "a", "c"]
    assert lines(root, "/[abc]", by_time=True, reverse=True) == ["c", "a", "b"]
    os.close(root.fd)


def test_a_long_line_is_that_of_ls(root: Root, jail: Path) -> None:
    (jail / "c").chmod(0o4640)
    uid, gid = (jail / "c").stat().st_uid, (jail / "c").stat().st_gid
    owner = "anna" if uid == os.geteuid() else str(uid)
    group = "users" if gid == os.getegid() else str(gid)
    (line,) = lines(root, "/c", form="long")

    assert line.split() == ["-rwSr-----", "1", owner, group, "2", "Sep", "13", *line.split()[7:]]
    assert line.endswith(" c")


def test_a_long_listing_shows_links_with_their_target(jail: Path) -> None:
    root = Root(str(jail))

    assert long_names(root) == ["a", "b", "c", "dir", "link -> dir"]
    assert long_names(root, classify=True) == ["a", "b", "c", "dir/", "link@ -> dir"]
    os.close(root.fd)


def test_all_of_a_long_listing_has_the_directory_and_the_one_above(jail: Path) -> None:
    root = Root(str(jail))

    assert long_names(root, "/dir", hidden=True, own=True)[:3] == [".", "..", ".hidden"]
    assert long_names(root, hidden=True, own=True)[:3] == [".", "..", ".dot"]
    os.close(root.fd)


def test_what_is_above_the_root_is_the_root(jail: Path) -> None:
    root = Root(str(jail))
    jail.chmod(0o755)
    jail.parent.chmod(0o711)
    here, above = lines(root, form="long", hidden=True, own=True)[:2]
    facts = shown_facts(root, facts="unique;")
    jail.parent.chmod(0o700)
    os.close(root.fd)

    assert (here[:10], above[:10]) == ("drwxr-xr-x", "drwxr-xr-x")
    assert facts["."] == facts[".."]


@pytest.mark.parametrize("path", ["/..", "/dir/../..", "/link/..", "/dir/back/.."])
def test_nothing_is_shown_of_what_is_above_the_root(jail: Path, path: str) -> None:
    root = Root(str(jail))
    jail.chmod(0o755)
    jail.parent.chmod(0o711)
    try:
        shown = lines(root, path, form="long", itself=True)
    except OSError:
        shown = []
    jail.parent.chmod(0o700)
    os.close(root.fd)

    assert [line[:10] for line in shown] in ([], ["drwxr-xr-x"])


def test_a_directory_itself_is_one_line(root: Root) -> None:
    assert lines(root, "/dir", itself=True) == ["dir"]
    assert lines(root, "/dir", itself=True, prefix="./dir") == ["./dir"]
    assert long_names(root, "/", itself=True) == ["."]
    assert long_names(root, "/link", itself=True) == ["link -> dir"]


def test_a_file_is_one_line(root: Root) -> None:
    assert lines(root, "/dir/.hidden", prefix="dir/.hidden") == ["dir/.hidden"]
    assert long_names(root, "/b") == ["b"]


def test_what_is_beneath_a_link_is_listed(jail: Path) -> None:
    root = Root(str(jail))

    assert lines(root, "/link", prefix="link") == ["link/back", "link/deeper"]
    assert lines(root, "/link", prefix="link/") == ["link/back", "link/deeper"]
    os.close(root.fd)


@pytest.mark.parametrize("path", ["/none", "/none/*", "/a/*", "/none/d*/x"])
def test_what_is_not_there_is_not_listed(root: Root, path: str) -> None:
    with pytest.raises(OSError, match=r"No such|Not a dir"):
        data(root, path)


def test_directories_are_listed_beneath_one_another_but_never_through_a_link(jail: Path) -> None:
    root = Root(str(jail))
    expected = ["a", "b", "c", "dir", "link", "", "./dir:", "back", "deeper"]

    assert lines(root, recursive=True) == [*expected, "", "./dir/deeper:", "last"]
    assert "deeper" in lines(root, "/dir", recursive=True, hidden=True, prefix="x")[2]
    os.close(root.fd)


def test_directories_are_listed_only_so_deep(jail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_DEPTH", 1)
    root = Root(str(jail))

    assert "./dir/deeper:" not in lines(root, recursive=True)
    os.close(root.fd)


def test_facts_are_those_asked_for(jail: Path) -> None:
    root = Root(str(jail))
    shown = shown_facts(root, facts="Size;TYPE;nonsense;")
    os.close(root.fd)

    assert list(shown) == [".", "..", ".dot", "a", "b", "c", "dir", "link"]
    assert shown["c"] == "type=file;size=2;"
    assert (shown["."], shown[".."], shown["dir"]) == ("type=cdir;", "type=pdir;", "type=dir;")
    assert shown["link"].startswith("type=OS.unix=symlink;")


def test_facts_of_a_pattern_are_of_entries_only(jail: Path) -> None:
    root = Root(str(jail))

    assert list(shown_facts(root, "/*")) == ["a", "b", "c", "dir", "link"]
    assert list(shown_facts(root, recursive=True))[-1] == "link"
    os.close(root.fd)


def test_what_a_user_may_do_is_told_by_mode_and_policy(jail: Path) -> None:
    root = Root(str(jail))
    (jail / "a").chmod(0o444)
    (jail / "b").chmod(0o644)
    jail.chmod(0o755)
    writer = shown_facts(root, facts="perm;")
    reader = shown_facts(root, facts="perm;", names=READER)
    os.close(root.fd)

    assert (writer["a"], writer["b"]) == ("perm=dfr;", "perm=adfrw;")
    assert (reader["a"], reader["b"]) == ("perm=r;", "perm=r;")
    assert (writer["dir"], reader["dir"]) == ("perm=cdeflmp;", "perm=el;")


def test_the_mode_that_counts_is_that_of_the_closest_kinship() -> None:
    def found(uid: int, gid: int) -> os.stat_result:
        return os.stat_result((stat.S_IFREG | 0o421, 0, 0, 1, uid, gid, 0, 0, 0, 0))

    me, mine, other = os.geteuid(), os.getegid(), 2**31

    assert [WHO.may(found(me, mine), bits) for bits in (4, 2, 1)] == [True, False, False]
    assert [WHO.may(found(other, mine), bits) for bits in (4, 2, 1)] == [False, True, False]
    assert [WHO.may(found(other, other), bits) for bits in (4, 2, 1)] == [False, False, True]


def test_marks_tell_kinds_apart(jail: Path) -> None:
    os.mkfifo(jail / "fifo")
    (jail / "a").chmod(0o755)
    root = Root(str(jail))

    assert lines(root, classify=True) == ["a*", "b", "c", "dir/", "fifo|", "link@"]
    os.close(root.fd)


def test_only_facts_of_a_directory_know_what_is_above() -> None:
    assert Facts("", EVERYTHING, of_directory=False).kinds == {}
    assert set(Facts("", EVERYTHING, of_directory=True).kinds) == {".", ".."}


def test_what_goes_away_meanwhile_is_left_out(jail: Path) -> None:
    root = Root(str(jail))
    request = files.List(path="/", **(PLAIN | {"form": "long", "by_size": True}))
    directory = Directory(root, request, WHO, NOW)
    found = list(directory._found(directory._fd))
    (jail / "b").unlink()
    shown = [line for some in directory._show(directory._fd, found) for line in some]
    order = directory._order(directory._fd)("b")
    directory.close()
    os.close(root.fd)

    assert [line.split(None, 8)[8] for line in shown] == ["c", "a", "dir", "link -> dir"] or len(
        shown
    ) == 4
    assert order == (0, b"b")


NAMES = st.binary(min_size=1, max_size=20).filter(
    lambda name: not {0, 47} & set(name) and name not in (b".", b"..")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(names=st.sets(NAMES, max_size=5), form=st.sampled_from(["names", "long", "facts"]))
def test_any_name_is_one_line(tmp_path: Path, names: set[bytes], form: str) -> None:
    place = os.fsencode(tmp_path / "any")
    os.makedirs(place, exist_ok=True)
    for name in os.listdir(place):
        os.unlink(os.path.join(place, name))
    for name in names:
        os.close(os.open(os.path.join(place, name), os.O_CREAT))
    root = Root(os.fsdecode(place))
    listed = data(root, form=form, hidden=True, own=True)
    os.close(root.fd)
    found = sorted(listed.split(b"\r\n")[2 * (form != "names") : -1])

    assert len(found) == len(names)
    if form == "names":
        shown = [clean(os.fsdecode(name)) for name in names]
        assert found == sorted(name.encode("utf-8", "surrogateescape") for name in shown)


@pytest.fixture(scope="module")
def crowd() -> Iterator[Path]:
    """Make a directory of 8,000 names; links in memory are made soonest."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as place:
        fd = os.open(place, os.O_PATH)
        for number in range(8_000):
            os.symlink("x", f"{number:05d}", dir_fd=fd)
        os.close(fd)
        yield Path(place)


@pytest.mark.parametrize("form", ["names", "long"])
@pytest.mark.parametrize("path", ["/", "/*"])
def test_a_crowd_is_listed_in_bounded_memory(
    crowd: Path, monkeypatch: pytest.MonkeyPatch, form: str, path: str
) -> None:
    monkeypatch.setattr(limits, "SORTED_NAMES", 1000)
    root = Root(str(crowd))
    request = files.List(path=path, **(PLAIN | {"form": form, "recursive": True}))
    directory = Directory(root, request, WHO, NOW)
    count, longest = 0, 0
    tracemalloc.start()
    for piece in directory.pieces():
        count += piece.count(b"\r\n")
        longest = max(longest, len(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    directory.close()
    os.close(root.fd)

    assert count == 8_000
    assert longest < 65536
    assert peak < 2_000_000


def test_a_crowd_below_the_bound_is_sorted(crowd: Path) -> None:
    root = Root(str(crowd))
    found = lines(root)
    os.close(root.fd)

    assert found == [f"{number:05d}" for number in range(8_000)]
