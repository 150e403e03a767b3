# SPDX-License-Identifier: GPL-3.0-or-later
"""The private key is in the memory of the session that needs it, and nowhere else."""

from __future__ import annotations

import ast
import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from secured import SecureClient
from served import Client, Served

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent.parent


def forms(pem: Path) -> list[bytes]:
    """Give what the key of a certificate looks like: as a file, as a number, as OpenSSL has it."""
    told = subprocess.run(
        ["openssl", "ec", "-in", str(pem), "-noout", "-text"], capture_output=True, check=True
    ).stdout.decode()
    number = bytes.fromhex(told.partition("priv:")[2].partition("pub:")[0].replace(":", ""))
    number = number[-32:]
    return [pem.read_bytes().splitlines()[1], number, number[::-1]]


def memory(pid: int) -> Iterator[bytes]:
    """Give all that a process can write to, and so may have put something there."""
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as file:
        for line in maps:
            place, rights = line.split()[:2]
            begin, end = (int(one, 16) for one in place.split("-"))
            if rights.startswith("rw"):
                with contextlib.suppress(OSError):
                    file.seek(begin)
                    yield file.read(end - begin)


def holders(served: Served, key: list[bytes]) -> list[int]:
    try:
        return [
            pid
            for pid in served.processes()
            if any(one in region for region in memory(pid) for one in key)
        ]
    except PermissionError as error:
        pytest.skip(f"this kernel shows nobody the memory of processes: {error}")


def test_the_key_is_in_one_process_alone(secured: Served, credentials: Path) -> None:
    key = forms(credentials / "ftpsd.pem")
    assert secured.at_rest()
    with Client(secured) as plain:
        plain.login()
        assert holders(secured, key) == []
        before = set(secured.processes())
        with SecureClient(secured) as client:
            client.login()
            assert client.store("STOR new", b"x")[:3] == "226"
            found = holders(secured, key)

            assert len(found) == 1
            assert not set(found) & before
            assert len(set(secured.processes()) - before) >= 3
            assert "libssl" in Path(f"/proc/{found[0]}/maps").read_text()
        assert plain.in_step()


def late_imports() -> Iterator[str]:
    """Name what a session imports within its functions."""
    for path in (REPOSITORY / "ftpsd" / "session").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Import):
                        yield from (one.name for one in node.names)
                    elif isinstance(node, ast.ImportFrom):
                        yield str(node.module)


def test_nothing_is_left_to_be_loaded_once_no_file_can_be_opened() -> None:
    """With the key in its memory a session may open none, its own modules neither."""
    loading = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import ftpsd.session.serve, ftpsd.session.first, resource\n"
        "from ftpsd.session import later; later.load_all()\n"
        "from ftpsd.session import secure, tls; print(*sys.modules)"
    )
    command = [sys.executable, "-I", "-S", "-c", loading, str(REPOSITORY)]
    loaded = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())

    # These two come before TLS can be.
    assert {*late_imports()} - loaded <= {"ftpsd.session.seal", "systemd._daemon"}
