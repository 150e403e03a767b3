# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings: large, many, cut short, and never of what lies above the root."""

from __future__ import annotations

import os
import socket
import subprocess
import time

import pytest
from served import SECONDS, Client, Served, crowd, empty, everything


def descriptors(client: Client) -> int:
    """Count the descriptors of all processes of the server."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in client.served.processes())


def test_a_large_directory_is_listed_whole_and_in_order(client: Client) -> None:
    names = [f"{number:04}-{'ü' * 80}" for number in range(1500)]
    crowd(client.served.root, names)

    assert client.fetch("NLST").decode().split("\r\n") == [*names, ""]
    assert client.fetch("MLSD").count(b"\r\n") == 1502
    assert client.says("STAT /").count("\n") == 1501


def too_much(client: Client) -> None:
    """Make more to list than the buffers of a connection hold, whatever they grow to."""
    crowd(client.served.root, (f"{number:05}-{'n' * 240}" for number in range(10_000)))


def test_abor_ends_a_listing_at_once(client: Client) -> None:
    too_much(client)
    with socket.socket() as data:
        data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        data.connect((client.served.host, client.port()))
        assert client.says("LIST")[:3] == "150"
        client.send("ABOR")

        assert client.replies(2) == ["426", "226"]
    assert client.codes("SIZE gone", "PWD") == ["550", "257"]


def test_a_listing_whose_reader_leaves_is_426_and_the_session_goes_on(client: Client) -> None:
    too_much(client)
    with socket.socket() as data:
        data.settimeout(SECONDS)
        data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        data.connect((client.served.host, client.port()))
        assert client.says("LIST")[:3] == "150"

    assert client.reply()[:3] == "426"
    assert client.codes("SIZE gone", "PWD") == ["550", "257"]


@pytest.mark.parametrize(
    "command",
    ["STAT /", "STAT -R /", "STAT */*", "STAT -R [ab]*", "STAT gone", "MLST", "RETR gone"],
)
def test_descriptors_do_not_pile_up(client: Client, command: str) -> None:
    for name in ("a", "b", "c"):
        (client.served.root / name).mkdir()
    client.codes(command)
    before = descriptors(client)
    client.codes(*[command] * 10)

    assert descriptors(client) == before


def labyrinth(served: Served, links: int, letters: int) -> None:
    """Make links by which each path of wildcards leads everywhere, again and again."""
    for number in range(links):
        (served.root / f"{number:0{letters}}").symlink_to(".")


def test_abor_ends_a_search_that_finds_nothing(client: Client) -> None:
    labyrinth(client.served, 400, 200)
    with client.passive():
        assert client.says("LIST /*/*/*/*/*none")[:3] == "150"
        client.send("ABOR")

        assert client.replies(2) == ["426", "226"]
    assert client.codes("SIZE gone", "PWD") == ["550", "257"]


def test_wildcards_that_lead_everywhere_are_refused(impatient: Served) -> None:
    empty(impatient.root)
    labyrinth(impatient, 20, 2)
    with Client(impatient) as client:
        with client.login().passive() as data:
            client.send("NLST /*/*/*/*/none")
            assert everything(data) == b""

        reason = "The wildcards stand for too many names."
        assert client.reply()[:3] == "150"
        assert client.reply() == f"550 /*/*/*/*/none: {reason}"
        status = client.says("STAT /*/*/*/*/none")
        assert status == f"213-Status follows:\n213 End of status; there is more. {reason}"


def test_a_tree_of_a_thousand_directories_is_listed(client: Client) -> None:
    for number in range(1100):
        (client.served.root / f"{number:04}").mkdir()

    assert client.fetch("LIST -R").count(b":\r\n") == 1100


def test_above_the_root_is_the_root_again(client: Client) -> None:
    client.says("OPTS MLST unique;unix.mode;modify;unix.uid;")
    own, above = client.fetch("MLSD").decode().split("\r\n")[:2]

    assert own.partition("; ")[0] == above.partition("; ")[0]


def test_list_shows_nothing_of_what_lies_above_the_root(client: Client) -> None:
    own, above = client.fetch("LIST -a").decode().split("\r\n")[:2]

    assert own.removesuffix(" .") == above.removesuffix(" ..")


def test_above_a_directory_is_its_parent(client: Client) -> None:
    (client.served.root / "docs").mkdir()
    client.says("OPTS MLST unique;")
    root = client.fetch("MLSD").split(b"; ")[0]

    assert client.fetch("MLSD docs").split(b"\r\n")[1] == root + b"; .."


def test_when_a_file_was_made_is_told_to_who_asks_for_it(client: Client) -> None:
    path = client.served.root / "notes"
    path.touch()
    os.utime(path, (0, 0))
    seconds = int(subprocess.check_output(["stat", "-c", "%W", path]))
    made = time.strftime("create=%Y%m%d%H%M%S;", time.gmtime(seconds)) if seconds > 0 else ""

    assert "create=" not in client.says("MLST notes")
    assert client.says("OPTS MLST modify;create;") == "200 MLST OPTS modify;create;"
    expected = f"modify=19700101000000;{made} "
    assert client.says("MLST notes").split("\n")[1] == f" {expected}/notes"
    own, above, notes, _ = client.fetch("MLSD").decode().split("\r\n")
    assert notes == f"{expected}notes"
    assert own == above.replace("; ..", "; .")


def test_a_directory_that_is_a_link_is_listed_with_what_is_in_it(client: Client) -> None:
    (client.served.root / "docs").mkdir()
    (client.served.root / "docs" / "notes").touch()
    (client.served.root / "link").symlink_to("/docs")

    assert client.fetch("NLST link") == b"link/notes\r\n"


def test_a_name_that_would_break_a_line_is_shown_and_breaks_none(client: Client) -> None:
    (client.served.root / "a\r\n226 done").touch()

    assert client.fetch("NLST") == b"a??226 done\r\n"
    assert client.says("STAT /").count("\n") == 2
