# SPDX-License-Identifier: GPL-3.0-or-later
"""An import from vsftpd: systemd takes its drop-ins, and ftpsd serves as vsftpd was told to."""

from __future__ import annotations

import ftplib
from collections.abc import Iterator

import pytest
from ftp_session import Session
from machine import SUITES, Machine, run_once

CONFIG = """
listen=YES\nlisten_address=192.0.2.1\nlocal_enable=YES\nwrite_enable=YES\nssl_enable=YES
implicit_ssl=YES\nrsa_cert_file=/etc/vsftpd.crt\nrsa_private_key_file=/etc/vsftpd.key
connect_from_port_20=YES\nanon_upload_enable=YES
tcp_wrappers=YES\nmax_clients=0\nftpd_banner=Hello
"""
USED = """
listen=NO\nlisten_ipv6=YES\npam_service_name=vsftpd\nxferlog_enable=YES
local_enable=YES\nwrite_enable=YES\nlocal_umask=027
chroot_local_user=YES\nallow_writeable_chroot=YES
anonymous_enable=YES\nanon_root=/srv/mirror
userlist_enable=YES\nuserlist_file=/etc/vsftpd.user_list
user_config_dir=/etc/vsftpd.users
"""
PAM = """
auth required pam_listfile.so item=user sense=deny file=/etc/ftpusers onerr=succeed
@include common-account
@include common-session
@include common-auth
auth required pam_shells.so
"""
"""As Debian's vsftpd has it."""
SCRIPT = r"""
printf %s "$1" >/etc/vsftpd.conf
echo 'vsftpd: 192.0.2. [2001:db8::]/32' >/etc/hosts.allow
echo 'ALL: ALL' >/etc/hosts.deny
DESTDIR=/ /src/install.sh --prefix=/usr >/dev/null
ftpsdctl import-vsftpd /etc/vsftpd.conf --vendor=upstream --write
cd /etc/systemd/system
cat *.d/50-vsftpd.conf
cd /usr/lib/systemd/system
systemd-analyze verify --man=no ftpsd.socket ftpsd*.service >/said 2>&1 || true
sed 's/^/verify: /' /said
"""


@pytest.mark.parametrize("suite", SUITES)
def test_systemd_finds_nothing_wrong_in_the_drop_ins(suite: str) -> None:
    done = run_once(suite, "sh", "-euc", SCRIPT, "sh", CONFIG)

    assert done.returncode == 0, done.stderr
    for line in (
        "ListenStream=192.0.2.1:990",
        "IPAddressAllow=192.0.2.0/24 2001:db8::/32",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
        "MaxConnections=1000000",
    ):
        assert f"\n{line}\n" in done.stdout
    assert [
        line for line in done.stdout.splitlines() if "verify:" in line and "vsftpd" in line
    ] == []


@pytest.fixture
def imported() -> Iterator[Machine]:
    """Give a machine where ftpsd has taken the place of a vsftpd."""
    with Machine("bookworm") as machine:
        machine.run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
        for name in ("anna", "bob", "reader"):
            machine.add_user(name, f"{name}'s password 1")
        machine.run("install", "-d", "/srv/mirror")
        machine.run("install", "-d", "--mode=777", "/srv/mirror/incoming")
        for path, text in {
            "/etc/vsftpd.conf": USED,
            "/etc/vsftpd.user_list": "root\nbob\n",
            "/etc/vsftpd.users/reader": "write_enable=NO\n",
            "/etc/pam.d/vsftpd": PAM,
            "/srv/mirror/news": "news",
            "/home/reader/mine": "mine",
        }.items():
            machine.write(path, text)
        machine.install()
        machine.run("ftpsdctl", "import-vsftpd", "/etc/vsftpd.conf", "--write")
        assert machine.run("ftpsdctl", "check").stdout.startswith("No mistakes")
        machine.run("systemctl", "daemon-reload")
        for unit in ("ftpsd-helper.service", "ftpsd-ports.service", "ftpsd.socket"):
            machine.run("systemctl", "restart", unit)
        yield machine


def test_after_an_import_users_may_do_what_they_could_and_no_more(imported: Machine) -> None:
    with Session(imported, "anna") as anna:
        anna.store("report", b"all is well")
        assert anna.fetch("report") == b"all is well"
        assert anna.pwd() == "/"
        assert anna.code("CWD /srv") == "550"
        with pytest.raises(ftplib.error_perm, match="550"):
            anna.retrlines("LIST gone")
    assert imported.run("stat", "-c", "%U %a", "/home/anna/report").stdout == "anna 640\n"

    with Session(imported, source="127.0.1.1") as bob:
        assert bob.code("USER bob") == "331"
        assert bob.code(f"PASS {imported.passwords['bob']}") == "530"

    with Session(imported, "reader") as reader:
        assert reader.fetch("mine") == b"mine"
        with pytest.raises(ftplib.error_perm, match="550"):
            reader.store("new", b"x")
        for command in ("DELE mine", "MKD new"):
            assert (command, reader.code(command)) == (command, "550")

    with Session(imported, "anonymous") as anonymous:
        assert anonymous.fetch("news") == b"news"
        with pytest.raises(ftplib.error_perm, match="550"):
            anonymous.store("incoming/new", b"x")
        for command in ("DELE news", "MKD incoming/new"):
            assert (command, anonymous.code(command)) == (command, "550")
