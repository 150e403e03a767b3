# SPDX-License-Identifier: GPL-3.0-or-later
"""The private key is in the memory of the session that needs it, and nowhere else."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from secured import SecureClient
from served import Client, Served

if TYPE_CHECKING:
    from collections.abc import Iterator


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
