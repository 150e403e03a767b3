# SPDX-License-Identifier: GPL-3.0-or-later
"""Python's ftplib and curl against `ftpsd serve`."""

from __future__ import annotations

import ftplib
import io
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from served import PASSWORD, SECONDS, USER, empty, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from served import Served

AWKWARD = [
    "with space",
    " lead",
    "trail ",
    "-dash",
    "ü",
    "u\u0308",
    '"quoted"',
    "a*b?[c]",
    "~",
    "%41",
]
SIZES = {"0": b"", "1": b"x", "large": os.urandom(3 << 20)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(tmp_path_factory.mktemp("root"), log) as served:
        yield served

        assert not served.trouble()


@pytest.fixture
def root(served: Served) -> Path:
    empty(served.root)
    return served.root


@pytest.fixture(params=[True, False], ids=["passive", "active"])
def ftp(served: Served, root: Path, request: pytest.FixtureRequest) -> Iterator[ftplib.FTP]:
    assert root.is_dir()
    with ftplib.FTP(timeout=SECONDS) as ftp:
        ftp.connect(served.host, served.port)
        ftp.login(USER, PASSWORD)
        ftp.set_pasv(request.param)
        yield ftp


def fetched(ftp: ftplib.FTP, command: str, rest: int | None = None) -> bytes:
    pieces: list[bytes] = []
    ftp.retrbinary(command, pieces.append, rest=rest)
    return b"".join(pieces)


@pytest.mark.parametrize("content", SIZES.values(), ids=SIZES)
def test_ftplib_stores_and_fetches(ftp: ftplib.FTP, content: bytes) -> None:
    ftp.storbinary("STOR file", io.BytesIO(content))

    assert ftp.size("file") == len(content)
    assert fetched(ftp, "RETR file") == content


def test_ftplib_resumes_both_ways(ftp: ftplib.FTP, root: Path) -> None:
    ftp.storbinary("STOR file", io.BytesIO(b"0123"))
    ftp.storbinary("STOR file", io.BytesIO(b"456789"), rest=4)

    assert (root / "file").read_bytes() == b"0123456789"
    assert fetched(ftp, "RETR file", rest=7) == b"789"


@pytest.mark.parametrize("name", AWKWARD)
def test_ftplib_uses_awkward_names(ftp: ftplib.FTP, root: Path, name: str) -> None:
    ftp.mkd(f"dir {name}")
    ftp.storbinary(f"STOR dir {name}/{name}", io.BytesIO(b"hello"))
    ftp.cwd(f"dir {name}")

    assert (root / f"dir {name}" / name).read_bytes() == b"hello"
    assert ftp.pwd() == f"/dir {name}"
    assert ftp.nlst() == [name]
    assert {one for one, _ in ftp.mlsd()} == {".", "..", name}
    assert fetched(ftp, f"RETR ./{name}") == b"hello"


def test_ftplib_does_chores(ftp: ftplib.FTP, root: Path) -> None:
    lines: list[str] = []
    ftp.mkd("docs")
    ftp.storlines("STOR docs/text", io.BytesIO(b"one\ntwo\n"))
    ftp.rename("docs/text", "docs/renamed")
    ftp.retrlines("RETR docs/renamed", lines.append)
    ftp.sendcmd("SITE CHMOD 600 docs/renamed")
    ftp.sendcmd("MFMT 20200102030405 docs/renamed")

    assert lines == ["one", "two"]
    assert ftp.sendcmd("MDTM docs/renamed") == "213 20200102030405"
    assert dict(ftp.mlsd("docs", ["type", "size"]))["renamed"] == {"type": "file", "size": "8"}
    ftp.delete("docs/renamed")
    ftp.rmd("docs")
    assert list(root.iterdir()) == []


def test_ftplib_aborts_a_download(ftp: ftplib.FTP, root: Path) -> None:
    (root / "large").touch()
    os.truncate(root / "large", 64 << 20)
    with ftp.transfercmd("RETR large") as data:
        data.recv(1)
        reply = ftp.abort()

    assert reply[:3] == "426"
    assert ftp.getresp()[:3] == "226"
    assert ftp.voidcmd("NOOP") == "200 OK."


def test_ftplib_hears_why_not(ftp: ftplib.FTP) -> None:
    with pytest.raises(ftplib.error_perm, match=r"^550 /gone: No such file"):
        fetched(ftp, "RETR gone")
    with pytest.raises(ftplib.error_perm, match=r"^553 /gone/x: No such file"):
        ftp.storbinary("STOR gone/x", io.BytesIO(b""))


CURL = shutil.which("curl")


def curl(served: Served, *arguments: str) -> bytes:
    assert CURL
    command = [CURL, "-q", "-sS", "--max-time", "5", "-u", f"{USER}:{PASSWORD}", *arguments]
    url = f"ftp://{served.host}:{served.port}"
    return subprocess.run(
        [one.replace("URL", url) for one in command], capture_output=True, check=True
    ).stdout


WAYS = {
    "epsv": (),
    "pasv": ("--disable-epsv",),
    "eprt": ("-P", "-"),
    "port": ("-P", "-", "--disable-eprt"),
}


@pytest.mark.skipif(not CURL, reason="curl is not installed")
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_curl_lists_stores_and_fetches(
    served: Served, root: Path, tmp_path: Path, way: tuple[str, ...]
) -> None:
    (tmp_path / "file").write_bytes(SIZES["large"])
    curl(served, *way, "--ftp-create-dirs", "-T", str(tmp_path / "file"), "URL/a%20b/c/")

    assert (root / "a b" / "c" / "file").read_bytes() == SIZES["large"]
    assert curl(served, *way, "URL/a%20b/c/file") == SIZES["large"]
    assert curl(served, *way, "-l", "URL/a%20b/c/").split() == [b"file"]
    assert curl(served, *way, "URL/a%20b/").rstrip().endswith(b" c")


@pytest.mark.skipif(not CURL, reason="curl is not installed")
def test_curl_resumes_both_ways(served: Served, root: Path, tmp_path: Path) -> None:
    content = SIZES["large"]
    (root / "down").write_bytes(content)
    (root / "up").write_bytes(content[:1000])
    (tmp_path / "down").write_bytes(content[: 1 << 20])
    (tmp_path / "up").write_bytes(content)
    curl(served, "-C", "-", "-o", str(tmp_path / "down"), "URL/down")
    curl(served, "-C", "-", "-T", str(tmp_path / "up"), "URL/up")

    assert (tmp_path / "down").read_bytes() == content
    assert (root / "up").read_bytes() == content


@pytest.mark.skipif(not CURL, reason="curl is not installed")
def test_curl_fetches_a_part_and_hangs_up_cleanly(served: Served, root: Path) -> None:
    (root / "file").write_bytes(b"0123456789")

    assert curl(served, "-r", "2-5", "URL/file") == b"2345"


@pytest.mark.skipif(not CURL, reason="curl is not installed")
def test_curl_renames_and_deletes(served: Served, root: Path) -> None:
    (root / "old").write_bytes(b"x")
    (root / "gone").write_bytes(b"x")
    commands = ("RNFR old", "RNTO new", "DELE gone")
    curl(served, *(word for one in commands for word in ("-Q", one)), "-l", "URL/")

    assert [path.name for path in root.iterdir()] == ["new"]


@pytest.mark.skipif(not CURL, reason="curl is not installed")
def test_curl_asks_for_the_head_of_a_file(served: Served, root: Path) -> None:
    (root / "file").write_bytes(b"0123456789")

    assert b"Content-Length: 10" in curl(served, "-I", "URL/file")
