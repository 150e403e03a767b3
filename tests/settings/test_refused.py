# SPDX-License-Identifier: GPL-3.0-or-later
"""What a setting refuses is in the log with its reason, once in a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from served import PASSWORD, USER

if TYPE_CHECKING:
    from configured import Configured

LISTS = "by AllowCommands= or DenyCommands="
CASES = (
    ("Session", "DenyCommands=MKD", "MKD a/../b", f"MKD /b refused: {LISTS}."),
    ("Session", "AllowCommands=PWD", "XMKD b", f"MKD /b refused: {LISTS}."),
    ("Session", "DenyCommands=SITE_CHMOD", "SITE CHMOD 600 x", f"CHMOD - refused: {LISTS}."),
    ("Session", "DenyCommands=SITE", "SITE PSWD old new", f"SITE - refused: {LISTS}."),
    ("Session", "AllowCommands=PWD", "PASS other", f"PASS - refused: {LISTS}."),
    ("Session", "DenyCommands=AVBL", "AVBL", f"AVBL / refused: {LISTS}."),
    ("Data", "Passive=no", "EPSV", "EPSV - refused: by Passive=."),
    ("Data", "Active=no", "PORT 127,0,0,1,200,0", "PORT - refused: by Active=."),
    ("Files", "Write=no", "STOR \udce9", "STOR /\\xe9 refused: read_only."),
    ("Files", "Download=no", "HASH x", "HASH /x refused: forbidden."),
    ("Files", "List=no", "LIST -la", "LIST - refused: forbidden."),
    ("Data", "Active=yes", "PORT 192,0,2,9,200,0", "PORT 192.0.2.9:51200 refused: foreign."),
    ("Data", "Active=yes", "EPRT |1|127.0.0.1|22|", "PORT 127.0.0.1:22 refused: privileged."),
)


@pytest.mark.parametrize(("section", "line", "command", "logged"), CASES)
def test_what_a_setting_refuses_is_logged_once(
    configured: Configured, section: str, line: str, command: str, logged: str
) -> None:
    configured.set("main", section, line)
    before = len(configured.served.log())
    with configured.client() as client:
        for _ in range(3):
            assert client.says(command)[:1] == "5"
        assert client.says("QUIT")[:3] == "221"
    found = configured.served.log()[before:]

    assert found.count(" refused: ") == 1
    assert f"\n{USER}: {logged}\n" in found


def test_another_login_is_refused_anew(configured: Configured) -> None:
    configured.set("main", "Files", "Write=no")
    before = len(configured.served.log())
    with configured.client() as client:
        assert client.codes("MKD x", "RMD x", "REIN") == ["550", "550", "220"]
        assert client.login().codes("MKD x", "MKD y", "QUIT") == ["550", "550", "221"]
    found = configured.served.log()[before:]

    assert found.count("MKD /x refused: read_only.") == 2
    assert found.count(" refused: ") == 3


def test_nothing_of_a_password_is_logged(configured: Configured) -> None:
    configured.set("main", "Session", "AllowCommands=PWD")
    with configured.client() as client:
        for command in ("PASS", "ACCT", "USER", "SITE PSWD"):
            assert client.says(f"{command} {PASSWORD}")[:3] == "550"
        assert client.says("QUIT")[:3] == "221"

    assert PASSWORD not in configured.served.log()


@pytest.mark.parametrize(
    ("command", "logged"),
    [
        ("CWD secret", "CWD"),
        ("RNFR secret", "RNFR"),
        ("AVBL secret", "AVBL"),
        ("SIZE secret", "SIZE"),
        ("MDTM secret", "MDTM"),
        ("MLST secret", "MLST"),
        ("SITE CHMOD 600 secret", "CHMOD"),
        ("MFF unix.mode=600; secret", "CHMOD"),
        ("SITE CPFR secret", "CPFR"),
        ("HASH secret", "HASH"),
        ("XMD5 secret", "HASH"),
    ],
)
def test_what_may_not_be_looked_at_is_logged_once_and_what_is_not_there_is_not(
    configured: Configured, command: str, logged: str
) -> None:
    """Clients ask for what is not there all the time."""
    configured.set("main", "Files", "DenyNames=secret")
    before = len(configured.served.log())
    with configured.client() as client:
        for _ in range(3):
            assert client.says(command)[:3] == "550"
            assert client.says(command.replace("secret", "nothing"))[:3] == "550"
        assert client.says("QUIT")[:3] == "221"
    found = configured.served.log()[before:]

    assert f"\n{USER}: {logged} /secret refused: denied.\n" in found
    assert found.count(" refused: ") == 1
