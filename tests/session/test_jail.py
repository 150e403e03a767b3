# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever path a client names, in whatever command: nothing comes from outside, nothing goes."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from served import Client, everything

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET, HIDDEN = b"what nobody may read", b"a-name-that-nobody-may-see"

PARTS = st.one_of(
    st.sampled_from(
        [
            *("..", "..", "..", ".", "", "~", "...", " ..", ".. ", "*", "?*", "{..,.}", "[.][.]"),
            *("canary", "known", "up", "deep", "whole", "proc", "chain", "inside", "file", "new"),
            *("etc", "self", "root", "cwd", "fd", "3", "-la", "..\\..", "%2e%2e", '"', "\xb7\xb7"),
        ]
    ),
    st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=8),
)
PATHS = st.builds(
    lambda start, parts, end: start + "/".join(parts) + end,
    st.sampled_from(["", "", "/", "//", "~/", "./", "../", "up/", "-a "]),
    st.lists(PARTS, min_size=1, max_size=6),
    st.sampled_from(["", "", "/", "/.", "/..", " "]),
)


@pytest.fixture
def canary(root: Path) -> Iterator[Path]:
    """What must stay as it is, beside the root, which is full of ways that seem to lead there."""
    beside = root.parent / "canary"
    beside.mkdir()
    (beside / "known").write_bytes(SECRET)
    (beside / os.fsdecode(HIDDEN)).mkdir()
    for name, target in {
        "up": "../canary",
        "whole": str(beside),
        "proc": "/proc/self/root",
        "chain": "deep/up",
        "inside": "file",
    }.items():
        (root / name).symlink_to(target)
    (root / "deep").mkdir()
    (root / "deep/up").symlink_to("../../canary")
    (root / "file").write_bytes(b"anybody's")
    yield beside
    shutil.rmtree(beside)


def state(canary: Path) -> list[tuple[object, ...]]:
    """Give all there is to know of what is outside, but for when it was read."""
    found: list[tuple[object, ...]] = [("above", *sorted(os.listdir(canary.parent)))]
    for path in (canary, *sorted(canary.rglob("*"))):
        status = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found.append((path, status.st_mode, status.st_mtime_ns, status.st_nlink, content))
    return found


def heard(client: Client, command: str, content: bytes = b"") -> bytes:
    """Run one command with a data connection; give all that it brought."""
    with client.passive() as data:
        said = client.says(command)
        if said[:3] != "150":
            return said.encode("utf-8", "surrogateescape")
        found = b""
        with contextlib.suppress(ConnectionResetError):
            if content:
                data.sendall(content)
            else:
                found = everything(data)
    return b"\n".join((said.encode("utf-8", "surrogateescape"), found, client.reply().encode()))


def told(client: Client, *commands: str) -> bytes:
    """Run commands one by one; give all that they brought."""
    replies = [client.says(one) for one in (*commands, "NOOP")]
    return "\n".join(replies).encode("utf-8", "surrogateescape")


def secret(found: bytes) -> bool:
    return SECRET in found or HIDDEN in found


@pytest.mark.parametrize("size", [4095, 4096, 5000, 9000, 16_000])
def test_a_target_of_a_link_may_be_of_any_length(client: Client, root: Path, size: int) -> None:
    said = client.says(f"SITE SYMLINK {('x/' * size)[:size]} link")

    assert said[:3] == ("200" if size < 4096 else "550")
    assert (root / "link").is_symlink() == (size < 4096)


def test_no_path_leads_out(client: Client, canary: Path) -> None:
    before = state(canary)

    @settings(max_examples=60, deadline=None)
    @given(PATHS)
    def explore(path: str) -> None:
        said = [heard(client, f"{verb} {path}") for verb in ("RETR", "LIST -a", "NLST", "MLSD")]
        said += [heard(client, f"{verb} {path}", b"from the client") for verb in ("STOR", "APPE")]
        said += [told(client, f"{verb} {path}") for verb in ("MLST", "SIZE", "MDTM", "STAT -a")]
        said += [told(client, f"{verb} {path}") for verb in ("HASH", "MD5", "XCRC", "AVBL")]
        said += [told(client, f"RNFR {path}", "RNTO taken")]
        said += [heard(client, "STOR file", b"again"), told(client, "RNFR file", f"RNTO {path}")]
        said += [told(client, f"SITE CPFR {path}", "SITE CPTO copy", "SITE CPFR file")]
        said += [told(client, f"SITE CPTO {path}", f"MKD {path}", f"SITE CHMOD 700 {path}")]
        said += [told(client, f"MFMT 20200102030405 {path}", f"CWD {path}", "STAT .", "CWD /")]
        said += [heard(client, "RETR copy"), heard(client, "LIST -aR taken")]

        assert not any(map(secret, said))
        assert client.in_step()

    explore()
    assert state(canary) == before


def test_no_link_leads_out(client: Client, canary: Path) -> None:
    before = state(canary)
    absolute = str(canary)

    @settings(max_examples=40, deadline=None)
    @given(st.one_of(PATHS, st.builds(absolute.__add__, PATHS)), PATHS)
    def explore(target: str, rest: str) -> None:
        target = target.replace('"', '""')
        said = [told(client, "DELE link", f'SITE SYMLINK "{target}" link')]
        for path in ("link", "link/", "link/known", f"link/{rest}"):
            said += [heard(client, f"{verb} {path}") for verb in ("RETR", "LIST -a", "MLSD")]
            said += [heard(client, f"STOR {path}", b"from the client")]
            said += [told(client, f"MLST {path}", f"HASH {path}", f"CWD {path}", "STAT .", "CWD /")]
            said += [told(client, "RNFR file", f"RNTO {path}", f"SITE CHMOD 700 {path}")]
        said += [told(client, "SITE RMDIR link", "SITE RMDIR link/", "COMB link/known file")]

        assert not any(map(secret, said))

    explore()
    assert state(canary) == before


def test_no_removal_leads_out(client: Client, canary: Path) -> None:
    before = state(canary)

    @settings(max_examples=60, deadline=None)
    @given(PATHS)
    def explore(path: str) -> None:
        for verb in ("DELE", "RMD", "SITE RMDIR"):
            assert not secret(told(client, f"{verb} {path}"))
        told(client, "MKD deep", "SITE SYMLINK ../../canary deep/up", "SITE SYMLINK ../canary up")

    explore()
    assert state(canary) == before
