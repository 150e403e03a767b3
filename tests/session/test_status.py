# SPDX-License-Identifier: GPL-3.0-or-later
"""What `systemctl status` shows of a session."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from served import PASSWORD, USER, Client, Served, crowd, empty, eventually, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

TELLING = """
import sys
from ftpsd import options
from ftpsd.session import meanwhile, serve as whole
meanwhile.STATUS_SECONDS = 0.01
options.Settings.__init__.__kwdefaults__.update(data_timeout_sec=1)
start = whole.start
def tell(text):
    # notify(3) of python-systemd takes what UTF-8 can say, and a line is one assignment.
    sys.stderr.buffer.write(text.encode() + b"\\n")
    sys.stderr.flush()
whole.start = lambda log, _, *rest, **more: start(log, tell, *rest, **more)
"""


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose log has what its sessions tell systemd."""
    log = tmp_path_factory.mktemp("log") / "log"
    with serving(tmp_path_factory.mktemp("root"), log, change=TELLING) as served:
        yield served


@pytest.fixture
def client(telling: Served) -> Iterator[Client]:
    empty(telling.root)
    with Client(telling) as client:
        yield client.login()

        assert client.in_step()
    assert not telling.trouble()


def told(client: Client) -> list[str]:
    """Give what the last session has told since nobody was logged in."""
    log = client.served.log()
    found = re.findall(r"^STATUS=(.*)$", log, re.MULTILINE)
    begins = [at for at, line in enumerate(found) if line == "- from 127.0.0.1: not logged in"]
    return found[begins[-1] :]


def says_at_last(client: Client, state: str) -> bool:
    return eventually(lambda: told(client)[-1] == f"{USER} from 127.0.0.1: {state}")


def test_the_status_tells_who_is_logged_in_and_who_is_not(telling: Served) -> None:
    with Client(telling) as client:
        assert eventually(lambda: told(client) == ["- from 127.0.0.1: not logged in"])
        client.login()
        assert says_at_last(client, "idle")
        assert client.says("REIN")[:3] == "220"
        assert eventually(lambda: told(client) == ["- from 127.0.0.1: not logged in"])
        assert client.codes(f"USER {USER}", f"PASS {PASSWORD}") == ["331", "230"]
        assert says_at_last(client, "idle")


def test_what_changes_nothing_is_not_told_again(client: Client) -> None:
    assert says_at_last(client, "idle")
    before = told(client)
    assert client.codes("NOOP", "MKD x", "USER other", "PWD")[1] == "257"

    assert told(client) == before


@pytest.mark.parametrize("name", ["tree", "\udce9t\udce9", "line\u2028end"])
def test_a_tree_that_is_removed_is_told_of_and_forgotten(client: Client, name: str) -> None:
    """A thousand names are what the worker tells of."""
    (client.served.root / name).mkdir()
    crowd(client.served.root / name, (str(number) for number in range(1500)))

    assert client.says(f"SITE RMDIR {name}") == "250 Removed 1501 files and directories."
    assert says_at_last(client, "idle")
    shown = re.sub(r"[^ -~]", "?", name)
    assert f"{USER} from 127.0.0.1: removing /{shown}: 1000 files" in told(client)


def test_a_sum_that_takes_long_is_told_of_and_forgotten(client: Client) -> None:
    with (client.served.root / "x").open("wb") as file:
        os.truncate(file.fileno(), 1 << 26)

    assert client.says("XSHA512 x")[:3] == "250"
    assert says_at_last(client, "idle")
    assert any(": SHA-512: " in line for line in told(client))


def test_a_data_connection_that_never_comes_is_told_of_and_forgotten(client: Client) -> None:
    assert client.port()
    assert client.says("RETR x")[:3] == "550"
    (client.served.root / "x").write_bytes(b"x")
    assert client.says("RETR x")[:3] == "425"

    assert says_at_last(client, "idle")
    assert f"{USER} from 127.0.0.1: RETR /x: 0 bytes, 0 %" in told(client)


def test_a_transfer_that_was_slow_is_told_of_and_forgotten(client: Client) -> None:
    with client.passive() as data:
        assert client.says("STOR \udce9")[:3] == "150"
        data.sendall(b"x" * 11)
        assert eventually(lambda: f"{USER} from 127.0.0.1: STOR /?: 11 bytes" in told(client))
    assert client.reply()[:3] == "226"

    assert says_at_last(client, "idle")


def test_of_a_long_path_its_ends_are_told(client: Client) -> None:
    place = "/".join(["\U0001f4c4" * 60] * 16)
    (client.served.root / place).mkdir(parents=True)
    with client.passive() as data:
        assert client.says(f"STOR {place}/{'x' * 230}")[:3] == "150"
        data.sendall(b"x" * 11)
        assert eventually(lambda: told(client)[-1].endswith("xxx: 11 bytes"))
        last = told(client)[-1]
    assert client.reply()[:3] == "226"
    assert last.startswith(f"{USER} from 127.0.0.1: STOR /\U0001f4c4")
    # What is not shorter than PIPE_BUF systemd does not take (NOTIFY_BUFFER_MAX).
    assert len(f"STATUS={last}".encode()) < 4096
    assert says_at_last(client, "idle")
