# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsd serve`, as one who tries it sees it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from secured import make_certificate
from served import MAIN, PASSWORD, SECONDS, USER, Client, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from served import Served


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    (tmp_path / "root").mkdir()
    # longer than the path of a socket may be
    temporary = tmp_path / ("tmp" * 40)
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with serving(tmp_path / "root", tmp_path / "log") as served:
        yield served


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(MAIN), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)


def listening(port: int) -> bool:
    with socket.socket() as sock:
        return not sock.connect_ex(("127.0.0.1", port))


def test_the_first_line_says_all_that_a_client_needs(served: Served) -> None:
    assert served.first_line == (
        f"Serving {served.root} at ftp://127.0.0.1:{served.port}/"
        f" - user {USER}, password {PASSWORD}\n"
    )


def test_it_warns_that_it_is_not_the_service(served: Served) -> None:
    assert served.process.stdout is not None
    assert served.process.stdout.readline().startswith("Passwords and files travel unencrypted, ")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((), "Passwords and files travel unencrypted where a client does not begin TLS, "),
        (("--require-tls",), "Nobody logs in without TLS, "),
    ],
)
def test_it_says_what_is_protected(tmp_path: Path, more: tuple[str, ...], says: str) -> None:
    make_certificate(tmp_path / "ftpsd.pem", "here")
    options = ("--credentials", str(tmp_path), *more)
    with serving(tmp_path, tmp_path / "log", *options) as served:
        assert served.process.stdout is not None
        assert served.process.stdout.readline().startswith(says)


def test_a_password_is_made_up_when_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = []
    for _ in range(2):
        command = [sys.executable, "-I", "-S", str(MAIN), "serve", str(tmp_path), "--port", "0"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            assert process.stdout is not None
            found += re.findall(r"user ftp, password (\S+)", process.stdout.readline())
            os.killpg(process.pid, signal.SIGKILL)

    assert len(set(found)) == 2
    assert all(len(one) >= 12 for one in found)


def test_the_account_that_nobody_gave_a_name_may_write(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with (
        serving(tmp_path / "root", tmp_path / "log", "--user", "ftp") as served,
        Client(served) as client,
    ):
        assert client.codes("USER ftp", f"PASS {PASSWORD}") == ["331", "230"]
        assert client.store("STOR new", b"content")[:3] == "226"
    assert (tmp_path / "root" / "new").read_bytes() == b"content"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_leaves_nothing_behind_when_it_is_told_to_end(served: Served, sign: int) -> None:
    temporary = Path(os.environ["TMPDIR"])
    with Client(served) as client:
        client.login()
        os.kill(served.process.pid, sign)
        served.process.wait(SECONDS)

        assert served.ended()
    assert not listening(served.port)
    assert list(temporary.iterdir()) == []


def test_ctrl_c_is_no_failure_and_no_traceback(served: Served) -> None:
    os.killpg(served.process.pid, signal.SIGINT)

    assert served.process.wait(SECONDS) == 0
    assert "Traceback" not in served.log()


def test_it_listens_where_it_is_told_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with (
        serving(tmp_path / "root", tmp_path / "log", "--address", "127.0.0.2") as served,
        Client(served) as client,
    ):
        assert client.login().fetch("NLST") == b""
        assert not listening(served.port)


def test_read_only_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    with (
        serving(tmp_path / "root", tmp_path / "log", "--read-only") as served,
        Client(served) as client,
    ):
        assert client.login().codes("MKD x", "SITE UMASK 0")[0][0] == "5"
        assert list((tmp_path / "root").iterdir()) == []
    assert not served.trouble()


def test_a_root_that_is_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "notes").write_bytes(b"hello")
    (tmp_path / "link").symlink_to("root")
    with serving(tmp_path / "link", tmp_path / "log") as served, Client(served) as client:
        assert client.login().fetch("RETR notes") == b"hello"


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = run("serve", str(tmp_path / "file"))

    assert ended.returncode == 2
    assert ended.stderr == f"ftpsd serve: {tmp_path / 'file'} is not a directory\n"


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = run("serve", str(tmp_path), "--port", str(other.getsockname()[1]))

    assert ended.returncode == 1
    assert ended.stderr.startswith("ftpsd serve: 127.0.0.1: Address already in use")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["192.0.2.1", "300.1.1.1", "::x"])
def test_an_address_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, address: str) -> None:
    ended = run("serve", str(tmp_path), "--port", "0", "--address", address)

    assert ended.returncode in (1, 2)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_is_none_is_told_in_a_few_lines(tmp_path: Path, port: str) -> None:
    ended = run("serve", str(tmp_path), f"--port={port}")

    assert ended.returncode in (1, 2)
    assert "Traceback" not in ended.stderr


def test_help_names_every_option() -> None:
    ended = run("serve", "--help")

    assert ended.returncode == 0
    for option in ("--address", "--port", "--user", "--password", "--read-only", "--config"):
        assert option in ended.stdout


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("--help",)])
def test_without_a_command_it_says_how_it_is_used(arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)

    assert "ftpsd serve [--help] DIR" in ended.stderr + ended.stdout


def test_it_runs_from_any_directory(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", os.path.relpath(MAIN, tmp_path), "serve", "--help"]
    ended = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False)

    assert ended.returncode == 0
