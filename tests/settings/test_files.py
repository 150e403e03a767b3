# SPDX-License-Identifier: GPL-3.0-or-later
"""[Files]: what may be done with which files, wherever it is set."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from served import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from configured import Configured
    from served import Client

NOT_ALLOWED = "550 This is not allowed here."
FORBIDDEN = [
    ("Upload=no", "STOR new", ["STOR", "STOU", "APPE"]),
    ("Download=no", "RETR file", ["RETR", "XCRC", "MD5"]),
    ("List=no", "LIST", ["LIST", "NLST", "MLSD"]),
    ("Delete=no", "DELE file", ["DELE", "RMD"]),
    ("Delete=no", "SITE RMDIR dir", []),
    ("Rename=no", "RNFR file", ["RNFR"]),
    ("MakeDirectory=no", "MKD new", ["MKD", "XMKD"]),
    ("Chmod=no", "SITE CHMOD 600 file", []),
    ("Chmod=no", "SITE UMASK 077", []),
    ("Delete=no", "COMB new file", ["COMB"]),
    ("SetModificationTime=no", "MFMT 20200101000000 file", ["MFMT"]),
]


@pytest.fixture
def root(configured: Configured) -> Path:
    """Give the root with a file and a directory in it."""
    (configured.root / "dir").mkdir()
    (configured.root / "file").write_text("content")
    return configured.root


def tree(root: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


def names(client: Client, command: str = "NLST") -> list[str]:
    return client.fetch(command).decode().splitlines()


@pytest.mark.parametrize("case", FORBIDDEN, ids=str)
def test_a_right_that_is_taken_is_refused_and_not_offered(
    configured: Configured, root: Path, place: str, case: tuple[str, str, list[str]]
) -> None:
    line, command, gone = case
    before = tree(root)
    with configured.client() as client:
        offered = client.says("HELP").split()
        assert set(gone) <= set(offered)
    configured.set(place, "Files", line)
    with configured.client() as client, client.passive():
        assert client.says(command) == NOT_ALLOWED
        assert not set(gone) & set(client.says("HELP").split())
        assert not set(gone) & set(client.says("FEAT").split())
    assert tree(root) == before


def test_who_may_not_write_changes_nothing(configured: Configured, root: Path, place: str) -> None:
    before = tree(root)
    configured.set(place, "Files", "Write=no")
    with configured.client() as client, client.passive():
        commands = ("STOR new", "DELE file", "MKD new", "RNFR file", "SITE CHMOD 600 file")
        told = {client.says(command) for command in commands}
        assert told == {"550 You may only read here."}
        assert client.fetch("RETR file") == b"content"
    assert tree(root) == before


def test_what_is_there_is_not_replaced(configured: Configured, root: Path, place: str) -> None:
    (root / "other").write_text("other")
    configured.set(place, "Files", "Overwrite=no")
    with configured.client() as client:
        with client.passive():
            assert client.says("STOR file") == "553 /file: It exists already."
        assert client.codes("RNFR other", "RNTO file") == ["350", "553"]
        assert client.codes("SITE CPFR other", "SITE CPTO file") == ["350", "553"]
        assert client.store("STOR new", b"new")[:3] == "226"
        assert client.store("APPE file", b"!")[:3] == "226"
    assert (root / "file").read_text() == "content!"


def test_what_others_have_added_is_not_replaced(configured: Configured, root: Path) -> None:
    configured.set("main", "Files", "Overwrite=no")
    with configured.client() as client, configured.client() as other:
        with client.passive() as data:
            assert client.codes("REST 7", "STOR file") == ["350", "150"]
            assert other.store("APPE file", b" of others")[:3] == "226"
            data.sendall(b", mine")
        assert client.reply()[:3] == "226"
        port = client.port()
        client.send("STOR new")
        assert eventually((root / "new").exists)
        assert other.store("APPE new", b"of others")[:3] == "226"
        with socket.create_connection((configured.served.host, port)) as data:
            assert client.reply()[:3] == "150"
            data.sendall(b", mine")
        assert client.reply()[:3] == "226"
    assert (root / "file").read_text() == "content of others, mine"
    assert (root / "new").read_text() == "of others, mine"


def test_what_is_there_is_not_added_to(configured: Configured, root: Path, place: str) -> None:
    configured.set(place, "Files", "Append=no")
    with configured.client() as client:
        with client.passive():
            assert client.says("APPE file")[:3] == "553"
        assert client.store("STOR file", b"new")[:3] == "226"
    assert (root / "file").read_text() == "new"


def test_the_root_is_where_the_setting_says(configured: Configured, root: Path, place: str) -> None:
    (root / "dir" / "anna").mkdir()
    (root / "dir" / "anna" / "hers").write_text("")
    configured.set(place, "Files", "Root=%h/dir/%u")
    with configured.client() as client:
        assert names(client) == ["hers"]
        assert client.says("CWD ..")[:3] == "250"
        assert names(client) == ["hers"]


def test_a_session_begins_in_a_directory(configured: Configured, root: Path, place: str) -> None:
    configured.set(place, "Files", "Directory=/dir")
    with configured.client() as client:
        assert client.says("PWD").startswith('257 "/dir"')
        assert client.codes("CWD /") == ["250"]
    (root / "dir").rmdir()
    with configured.client() as client:
        assert client.says("PWD").startswith('257 "/"')


def test_only_what_everyone_may_read_is_sent(
    configured: Configured, root: Path, place: str
) -> None:
    (root / "file").chmod(0o640)
    (root / "open").write_text("open")
    configured.set(place, "Files", "WorldReadableOnly=yes")
    with configured.client() as client:
        with client.passive():
            assert client.says("RETR file") == "550 /file: Permission denied."
        assert client.fetch("RETR open") == b"open"


def test_a_hidden_name_is_not_listed_but_there(
    configured: Configured, root: Path, place: str
) -> None:
    (root / "dir" / "b.tmp").write_text("b")
    configured.set(place, "Files", "HideNames=*.tmp file")
    with configured.client() as client:
        for command in ("NLST", "LIST -aR", "MLSD dir", "NLST *", "LIST dir/*.tmp"):
            listed = client.fetch(command)
            assert b"file" not in listed, command
            assert b".tmp" not in listed, command
        assert client.fetch("RETR dir/b.tmp") == b"b"


def test_a_denied_name_is_nowhere(configured: Configured, root: Path, place: str) -> None:
    (root / "dir" / "my key").write_text("secret")
    (root / "link").symlink_to("dir/my key")
    configured.set(place, "Files", 'DenyNames="my *"')
    before = tree(root)
    with configured.client() as client:
        assert b"key" not in client.fetch("LIST -R dir")
        for command in ("RETR link", "RETR dir/my key", "STOR dir/my own"):
            with client.passive():
                assert client.says(command)[:2] == "55", command
        told = client.codes("DELE dir/my key", "MKD my x", "RNFR link", "SIZE link", "MDTM link")
        assert {one[:2] for one in told} == {"55"}
        assert client.codes("RNFR file", "RNTO my file") == ["350", "553"]
    assert tree(root) == before


def test_names_with_a_dot_can_be_denied(configured: Configured, root: Path, place: str) -> None:
    (root / ".key").write_text("secret")
    configured.set(place, "Files", "DenyNames=.*")
    with configured.client() as client:
        assert client.codes("CWD dir", "CDUP", "SIZE file") == ["250", "250", "213"]
        told = client.codes("SIZE .key", "MKD .x", "RNFR .key", "CWD .x")
        assert set(told) == {"550"}
        assert names(client, "MLSD")[-1].endswith(" file")


def test_only_some_names_are_uploaded(configured: Configured, root: Path, place: str) -> None:
    configured.set(place, "Files", "UploadNames=*.pdf")
    with configured.client() as client:
        with client.passive():
            assert client.says("STOR x.exe") == "553 /x.exe: This is not allowed here."
            assert client.says("STOU") == "553 /upload: This is not allowed here."
        assert client.store("STOR x.pdf", b"x")[:3] == "226"
        assert client.store("STOU x.pdf", b"y")[:3] == "226"
        assert client.codes("RNFR x.pdf", "RNTO x.exe") == ["350", "553"]
        # A web server would run what is in the picture.
        assert client.says("SITE SYMLINK x.pdf x.exe") == "550 /x.exe: This is not allowed here."
    assert sorted(tree(root)) == ["dir", "file", "x.1.pdf", "x.pdf"]


def test_only_some_names_are_downloaded(configured: Configured, root: Path, place: str) -> None:
    (root / "x.pdf").write_text("x")
    (root / "y.pdf").symlink_to("file")
    configured.set(place, "Files", "DownloadNames=*.pdf")
    with configured.client() as client:
        for name in ("file", "y.pdf"):
            with client.passive():
                assert client.says(f"RETR {name}") == f"550 /{name}: This is not allowed here."
        assert client.fetch("RETR x.pdf") == b"x"
        assert client.codes("RNFR file", "RNTO z.pdf") == ["350", "553"]


def test_new_files_have_the_mode_that_is_set(
    configured: Configured, root: Path, place: str
) -> None:
    configured.set(place, "Files", "UMask=027", "FileMode=0777", "DirectoryMode=0705")
    with configured.client() as client:
        assert client.says("SITE UMASK") == "200 The mask is 027."
        client.store("STOR new", b"")
        client.store("STOU unique", b"")
        assert client.codes("MKD made") == ["257"]
    modes = [(root / name).stat().st_mode & 0o777 for name in ("new", "unique", "made")]
    assert modes == [0o750, 0o750, 0o700]


def test_owners_are_hidden(configured: Configured, root: Path, place: str) -> None:
    assert (root / "file").exists()
    configured.set(place, "Files", "HideOwners=yes")
    with configured.client() as client:
        (line,) = client.fetch("LIST file").decode().splitlines()
        assert line.split()[2:4] == ["ftp", "ftp"]
        assert "unix.owner=ftp;unix.group=ftp;" in client.says("MLST file").lower()


def test_owners_are_numbers(configured: Configured, root: Path, place: str) -> None:
    own = (root / "file").stat()
    configured.set(place, "Files", "ListNumericOwners=yes")
    with configured.client() as client:
        (line,) = client.fetch("LIST file").decode().splitlines()
        assert line.split()[2:4] == [str(own.st_uid), str(own.st_gid)]
    configured.set(place, "Files", "ListNumericOwners=no")
    with configured.client() as client:
        (line,) = client.fetch("LIST file").decode().splitlines()
        assert line.split()[2] == (root / "file").owner()


@pytest.mark.parametrize("case", [("asked", 0, 1), ("yes", 1, 1), ("no", 0, 0)], ids=str)
def test_names_with_a_dot_are_listed_as_set(
    configured: Configured, root: Path, place: str, case: tuple[str, int, int]
) -> None:
    value, plain, all_names = case
    (root / ".hidden").write_text("")
    configured.set(place, "Files", f"ListDotFiles={value}")
    with configured.client() as client:
        assert client.fetch("LIST").count(b".hidden") == plain
        assert client.fetch("LIST -a").count(b".hidden") == all_names
        assert client.fetch("MLSD").count(b".hidden") == all_names
        assert b"type=cdir" in client.fetch("MLSD")


def test_listings_do_not_go_deep(configured: Configured, root: Path, place: str) -> None:
    (root / "dir" / "deep").write_text("")
    configured.set(place, "Files", "ListRecursive=no")
    with configured.client() as client:
        assert b"deep" not in client.fetch("LIST -R")


def test_times_are_those_of_the_server(configured: Configured, root: Path, place: str) -> None:
    os.utime(root / "file", (0, 1_000_000_000))
    with configured.client() as client:
        assert client.fetch("LIST file").split()[6] == b"9"
    configured.set(place, "Files", "ListTimezone=local")
    with configured.client() as client:
        assert client.fetch("LIST file").split()[6] == b"10"
        assert client.says("MDTM file") == "213 20010909014640"


def test_mlsd_promises_what_is_allowed_only(configured: Configured, root: Path, place: str) -> None:
    assert (root / "file").exists()
    lines = ("Delete=no", "Rename=no", "Download=no", "MakeDirectory=no")
    configured.set(place, "Files", *lines)
    with configured.client() as client:
        facts = client.says("MLST file").lower()
        assert "perm=aw;" in facts
        assert "perm=cel;" in client.says("MLST dir").lower()
