# SPDX-License-Identifier: GPL-3.0-or-later
"""vsftpd and ftpsd with what was imported from it: one dialogue, the same outcome.

What differs is what the import's report says, or is in the table of what differs in kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from machine import CommandFailed, Machine, eventually
from twins_configurations import COMMANDS, TWINS, Twin
from twins_differences import DIFFERENCES, Difference

VIRTUAL = """
auth required pam_listfile.so item=user sense=allow file=/etc/virtual onerr=fail
account required pam_permit.so
session required pam_permit.so
"""
PORT = 2100
"""Where vsftpd listens, whatever its file says."""
MADE = (
    "rm -rf /etc/ftpsd/*.d /etc/ftpsd/greetings /etc/ftpsd/vsftpd.* /etc/systemd/system/ftpsd*.d "
    "/etc/credstore/ftpsd.* /etc/hosts.* /etc/vsftpd.*"
)
# the socket by itself: a service that systemd starts meanwhile has the old one open for a moment,
# and its address is in use
RESTART = "systemctl restart ftpsd.socket && systemctl restart ftpsd-helper ftpsd-ports"
used: set[Difference] = set()
compared: set[str] = set()


@pytest.fixture(scope="module")
def both() -> Iterator[Machine]:
    """Give a machine with vsftpd and ftpsd, and users of both."""
    with Machine("twins-bookworm") as machine:
        machine.run("systemctl", "disable", "--now", "vsftpd.service")
        machine.run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
        machine.run("useradd", "--home-dir=/srv/guests/visitor", "--shell=/bin/sh", "vftp")
        for name in ("anna", "bob"):
            machine.add_user(name, f"{name}'s password 1")
        machine.write("/etc/pam.d/virtual", VIRTUAL)
        machine.write("/etc/virtual", "visitor\n")
        key = ("-keyout", "/etc/ssl/vsftpd.pem", "-out", "/etc/ssl/vsftpd.crt")
        new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ftp")
        machine.run(*new, *key)
        machine.run("sh", "-c", "cat /etc/ssl/vsftpd.crt >>/etc/ssl/vsftpd.pem")
        machine.install()
        yield machine


def seen(both: Machine, twin: Twin) -> tuple[dict[str, dict[str, str]], str]:
    """Import the configuration, and do the dialogue with both; give the report as well."""
    both.run("sh", "-c", MADE)
    for path, text in twin.files.items():
        both.write(path, text)
    both.write("/etc/vsftpd.conf", twin.listen + twin.config)
    report = both.run("ftpsdctl", "import-vsftpd", "/etc/vsftpd.conf", "--write").stdout
    both.run("systemctl", "daemon-reload")
    # tests restart them more often than systemd would start them in ten seconds
    both.run("systemctl", "reset-failed")
    if (restarted := both.run("sh", "-c", RESTART, check=False)).returncode:
        lines = [entry["MESSAGE"] for entry in both.journal("--unit=ftpsd*", "--lines=40")]
        pytest.fail("\n".join([restarted.stderr, *lines]), pytrace=False)
    options = ("/etc/vsftpd.conf", f"-olisten_port={PORT}", "-obackground=NO")
    unit = "--unit=vsftpd-twin"
    both.run("systemd-run", "--quiet", "--collect", unit, "vsftpd", *options)
    try:
        eventually(lambda: f":{PORT} " in both.run("ss", "-Hltn").stdout)
        asked = {
            "servers": {"vsftpd": [twin.host, PORT], "ftpsd": [twin.host, twin.port]},
            "logins": twin.logins,
            "tls": twin.tls,
            "commands": COMMANDS if twin.dialogue else [],
            "scenes": twin.scenes,
        }
        inside = ("python3", "/src/tests/system/twins_inside.py")
        said = both.run(*inside, text=json.dumps(asked)).stdout
    except (TimeoutError, CommandFailed) as error:
        pytest.fail(f"{error}\n{both.journal('-u', 'vsftpd-twin')[-3:]}", pytrace=False)
    finally:
        both.run("systemctl", "stop", "vsftpd-twin", check=False)
    return json.loads(said), " ".join(report.split())


def explained(step: str, vsftpd: str, ftpsd: str, report: str) -> bool:
    """Say whether a difference is one that the report names, or one in kind."""
    for one in DIFFERENCES:
        seen = all(
            re.fullmatch(pattern, text)
            for pattern, text in ((one.step, step), (one.vsftpd, vsftpd), (one.ftpsd, ftpsd))
        )
        if seen and (one.in_kind or one.reason in report):
            used.add(one)
            return True
    return False


@pytest.mark.parametrize("name", TWINS)
def test_a_client_finds_ftpsd_as_vsftpd_was_but_for_what_the_report_names(
    both: Machine, name: str
) -> None:
    found, report = seen(both, TWINS[name])
    vsftpd, ftpsd = found["vsftpd"], found["ftpsd"]
    compared.add(name)
    odd = [
        f"{step}: {vsftpd.get(step, '-')} | {ftpsd.get(step, '-')}"
        for step in dict.fromkeys([*vsftpd, *ftpsd])
        if vsftpd.get(step) != ftpsd.get(step)
        and not explained(step, vsftpd.get(step, "-"), ftpsd.get(step, "-"), report)
    ]

    if odd:
        pytest.fail("\n".join(odd), pytrace=False)


def test_no_difference_is_declared_that_there_is_not() -> None:
    # one that is run alone cannot tell
    assert compared < set(TWINS) or [one for one in DIFFERENCES if one not in used] == []
