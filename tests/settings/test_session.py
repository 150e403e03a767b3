# SPDX-License-Identifier: GPL-3.0-or-later
"""[Session] and [Data]: commands, messages, rates, and where data connections lead."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from served import Client, eventually, everything

from ftpsd.session.rate import Rate

if TYPE_CHECKING:
    from configured import Configured

SOME = bytes(300_000)


def test_only_some_commands_are_allowed(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "AllowCommands=PWD epsv NLST SITE SITE_IDLE FEAT HELP")
    with configured.client() as client:
        for command in ("PWD", "SITE IDLE", "EPSV"):
            assert client.says(command)[:1] == "2", command
        for command in ("TYPE I", "MKD x", "SITE UMASK 0", "STOR x", "NOOP"):
            assert client.says(command) == "550 This command is not allowed here.", command
        assert "MKD" not in client.says("HELP")
        assert "MDTM" not in client.says("FEAT")
        assert client.says("QUIT")[:3] == "221"


def test_some_commands_are_not_allowed(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "DenyCommands=mkd SITE_CHMOD QUIT")
    with configured.client() as client:
        assert client.says("MKD x")[:3] == "550"
        assert client.says("XMKD x")[:3] == "550"
        assert client.says("SITE CHMOD 600 x") == "550 This command is not allowed here."
        assert client.says("SITE UMASK")[:3] == "200"
        assert client.says("QUIT")[:3] == "221"


def test_site_is_allowed_with_any_of_its_commands(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "AllowCommands=SITE_IDLE HELP")
    with configured.client() as client:
        assert client.says("SITE IDLE")[:3] == "200"
        assert client.says("SITE UMASK") == "550 This command is not allowed here."
        assert "SITE" in client.says("HELP").split()
    configured.set(place, "Session", "AllowCommands=SITE_IDLE", "DenyCommands=SITE")
    with configured.client() as client:
        assert client.says("SITE IDLE") == "550 This command is not allowed here."
    configured.set(place, "Session", "AllowCommands=SITE")
    with configured.client() as client:
        assert client.codes("SITE IDLE", "SITE UMASK") == ["200", "200"]
    configured.set(place, "Session", "AllowCommands=PWD")
    with configured.client() as client:
        assert client.says("SITE IDLE") == "550 This command is not allowed here."


@pytest.mark.parametrize(
    ("command", "feature"),
    [
        ("HASH", "HASH SHA-256*"),
        ("MODE", "MODE Z"),
        ("LANG", "LANG EN*"),
        ("MLST", "MLST type*"),
        ("MLSD", "MLST type*"),
        ("SIZE", "SIZE"),
    ],
)
def test_a_feature_whose_command_is_denied_is_not_listed(
    configured: Configured, command: str, feature: str
) -> None:
    with configured.client() as client:
        assert f"\n {feature}" in client.says("FEAT")
    configured.set("main", "Session", f"DenyCommands={command}")
    with configured.client() as client:
        found = client.says("FEAT")
        assert f"\n {feature}" not in found
        assert "\n UTF8\n" in found


def test_commands_before_the_login_are_always_known(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "AllowCommands=PWD", "DenyCommands=USER PASS")
    with configured.client() as client:
        assert client.says("PWD")[:3] == "257"


@pytest.mark.parametrize("name", [".message", "README"])
def test_a_directory_tells_its_message_once(configured: Configured, place: str, name: str) -> None:
    (configured.root / "dir").mkdir()
    (configured.root / name).write_text("Welcome\n550 none\r\n")
    (configured.root / "dir" / name).write_text("Take care: \udcff\x07\n", errors="surrogateescape")
    configured.set(place, "Session", f"DirectoryMessage={name}")
    with Client(configured.served) as client:
        client.says("USER anna")
        assert client.says("PASS se cret") == "230-Welcome\n 550 none\n230 Logged in."
        first = client.says("CWD dir")
        assert first.startswith("250-Take care: ")
        assert first.endswith("?\n250 /dir is the working directory.")
        assert client.says("CWD /dir") == "250 /dir is the working directory."
        assert client.in_step()


@pytest.mark.parametrize("line", ["Download=no", "DownloadNames=*.jpg", "WorldReadableOnly=yes"])
@pytest.mark.parametrize("way", ["SITE SYMLINK /secret .message", "RNFR secret\r\nRNTO .message"])
def test_what_may_not_be_downloaded_is_told_as_no_message(
    configured: Configured, line: str, way: str
) -> None:
    (configured.root / "secret").write_text("Nobody knows\n")
    (configured.root / "secret").chmod(0o600)
    configured.set("main", "Files", line)
    with configured.client() as client:
        assert {client.says(one)[:1] for one in way.split("\r\n")} <= {"2", "3"}
        assert client.says("CWD /") == "250 / is the working directory."
    # Who could not have put it there is told what somebody else has.
    configured.set("main", "Files", line, "Upload=no", "Rename=no")
    with configured.client() as client:
        client.says("REIN")
        client.says("USER anna")
        assert client.says("PASS se cret") == "230-Nobody knows\n230 Logged in."


def test_who_has_logged_in_is_told_a_text(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "LoginMessage=Mind the gap: 100% = all")
    with Client(configured.served) as client:
        client.says("USER anna")
        assert client.says("PASS se cret") == "230-Mind the gap: 100% = all\n230 Logged in."


def test_who_has_logged_in_is_told_what_is_in_a_file(configured: Configured, place: str) -> None:
    file = configured.root.parent / "told"
    file.write_bytes(b"One\r\n221 two\0\x07\xff\n" + b"x" * 5000)
    (configured.root / ".message").write_text("Here\n")
    configured.set(place, "Session", f"LoginMessage=file:{file}")
    with Client(configured.served) as client:
        client.says("USER anna")
        said = client.says("PASS se cret")
        assert said.startswith("230-One\n 221 two?")
        assert said.endswith("x\n Here\n230 Logged in.")
        assert len(said) < 3000
        assert client.in_step()
    file.unlink()
    with Client(configured.served) as client:
        client.says("USER anna")
        assert client.says("PASS se cret") == "230-Here\n230 Logged in."


def test_no_message_is_told(configured: Configured, place: str) -> None:
    (configured.root / ".message").write_text("Welcome\n")
    configured.set(place, "Session", "DirectoryMessage=none")
    with Client(configured.served) as client:
        client.says("USER anna")
        assert client.says("PASS se cret") == "230 Logged in."


def test_downloads_are_slowed(configured: Configured, place: str) -> None:
    (configured.root / "x").write_bytes(SOME)
    configured.set(place, "Session", "DownloadRate=200K", "RateBurst=100000")
    with configured.client() as client:
        begun = time.monotonic()
        assert client.fetch("RETR x") == SOME
        assert time.monotonic() - begun >= 0.8
        begun = time.monotonic()
        assert client.store("STOR y", SOME)[:3] == "226"
        assert time.monotonic() - begun < 5


def test_uploads_are_slowed(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "UploadRate=200K", "RateBurst=100000")
    with configured.client() as client:
        begun = time.monotonic()
        assert client.store("STOR x", SOME)[:3] == "226"
        assert time.monotonic() - begun >= 0.8
    assert (configured.root / "x").read_bytes() == SOME


def test_a_slow_transfer_is_aborted_at_once(configured: Configured) -> None:
    (configured.root / "x").write_bytes(SOME)
    configured.set("main", "Session", "DownloadRate=1K", "RateBurst=1")
    with configured.client() as client, client.passive() as data:
        assert client.says("RETR x")[:3] == "150"
        assert data.recv(1)
        client.send("ABOR")
        assert client.replies(2) == ["426", "226"]
        assert client.in_step()


def test_a_rate_lets_a_burst_go_and_then_as_much_as_time_has_brought() -> None:
    rate = Rate(1000, 500)
    assert rate.until(500, 10.0) == 0
    assert rate.until(1000, 10.0) == 11.0
    assert rate.until(0, 11.5) == 0
    assert rate.until(600, 100.0) == pytest.approx(100.1)
    assert Rate(0, 0).until(1 << 40, 1.0) == 0
    assert Rate(1000, 0).until(1000, 5.0) == 0
    assert Rate(1000, 0).until(1500, 5.0) == 5.5


@pytest.mark.parametrize(
    ("line", "refused", "works"),
    [
        ("Passive=no", "EPSV", "EPRT |1|127.0.0.1|5000|"),
        ("Passive=no", "PASV", "EPRT |1|127.0.0.1|5000|"),
        ("Active=no", "PORT 127,0,0,1,19,136", "EPSV"),
        ("Active=no", "EPRT |1|127.0.0.1|5000|", "EPSV"),
    ],
)
def test_one_kind_of_data_connection_is_refused(
    configured: Configured, place: str, line: str, refused: str, works: str
) -> None:
    configured.set(place, "Data", line)
    with configured.client() as client:
        assert client.says(refused) == "502 This is not allowed here."
        assert refused[:4] not in client.says("HELP")
        assert refused[:4] not in client.says("FEAT")
        assert client.says(works)[:1] == "2"


def test_pasv_tells_the_address_that_is_set(configured: Configured, place: str) -> None:
    configured.set(place, "Data", "PassiveAddress=192.0.2.9")
    with configured.client() as client:
        assert "(192,0,2,9," in client.says("PASV")
        assert client.fetch("NLST") == b""
    configured.set(place, "Data", "PassiveAddress=localhost")
    with configured.client() as client:
        assert "(127,0,0,1," in client.says("PASV")


def test_pasv_tells_clients_from_within_its_own_address(configured: Configured) -> None:
    configured.set("main", "Data", "PassiveAddress=192.0.2.9")
    text = "[Match]\nAddress=10.0.0.0/8 127.0.0.0/8\n[Data]\nPassiveAddress=auto\n"
    configured.add("policies.d/within.conf", text)
    with configured.client() as client:
        assert "(127,0,0,1," in client.says("PASV")
    configured.add("policies.d/within.conf", text.replace("127.0.0.0/8", "192.168.0.0/16"))
    with configured.client() as client:
        assert "(192,0,2,9," in client.says("PASV")


def test_anyone_may_make_a_data_connection(configured: Configured, place: str) -> None:
    (configured.root / "x").write_bytes(b"content")
    configured.set(place, "Data", "PassiveAnyPeer=yes")
    with configured.client() as client:
        address = ("127.0.0.1", client.port())
        with socket.create_connection(address, 5, ("127.0.0.5", 0)) as data:
            assert client.says("RETR x")[:3] == "150"
            assert everything(data) == b"content"
        assert client.reply()[:3] == "226"


def test_data_connections_lead_anywhere(configured: Configured, place: str) -> None:
    (configured.root / "x").write_bytes(b"content")
    with socket.create_server(("127.0.0.5", 0)) as other:
        command = f"EPRT |1|127.0.0.5|{other.getsockname()[1]}|"
        with configured.client() as client:
            assert client.says(command)[:3] == "501"
        configured.set(place, "Data", "ActiveAnyPeer=yes")
        with configured.client() as client:
            assert client.codes(command, "RETR x") == ["200", "150"]
            with other.accept()[0] as data:
                assert everything(data) == b"content"
            assert client.reply()[:3] == "226"


def test_active_connections_come_from_the_port_that_is_set(
    configured: Configured, place: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configured.set(place, "Data", f"ActiveSourcePort={port}")
    with socket.create_server(("127.0.0.1", 0)) as ours, configured.client() as client:
        command = f"EPRT |1|127.0.0.1|{ours.getsockname()[1]}|"
        assert client.codes(command, "NLST") == ["200", "150"]
        data, (_, source) = ours.accept()
        with data:
            assert (source, everything(data)) == (port, b"")
        assert client.reply()[:3] == "226"


def test_other_data_settings_hold(configured: Configured, place: str) -> None:
    configured.set(place, "Data", "PassivePorts=41000-41009", "DataTimeoutSec=1s")
    with configured.client() as client:
        assert client.port() in range(41000, 41010)
        assert client.says("NLST")[:3] == "425"


def test_a_silent_session_is_ended(configured: Configured, place: str) -> None:
    configured.set(place, "Session", "IdleTimeoutSec=1s")
    with configured.client() as client:
        assert client.reply()[:3] == "421"
        assert eventually(client.ended)
