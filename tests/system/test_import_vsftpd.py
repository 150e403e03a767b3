# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd understands every drop-in that an import from vsftpd writes."""

from __future__ import annotations

import pytest
from machine import SUITES, run_once

CONFIG = """
listen=YES\nlisten_address=192.0.2.1\nlocal_enable=YES\nwrite_enable=YES\nssl_enable=YES
implicit_ssl=YES\nrsa_cert_file=/etc/vsftpd.crt\nrsa_private_key_file=/etc/vsftpd.key
connect_from_port_20=YES\nanon_upload_enable=YES\nchown_uploads=YES\nchown_username=nobody
syslog_enable=YES\ntcp_wrappers=YES\nmax_clients=0\nftpd_banner=Hello
"""
SCRIPT = r"""
printf %s "$1" >/etc/vsftpd.conf
echo 'vsftpd: 192.0.2. [2001:db8::]/32' >/etc/hosts.allow
echo 'ALL: ALL' >/etc/hosts.deny
DESTDIR=/ /src/install.sh --prefix=/usr >/dev/null
python3 /usr/lib/ftpsd/ftpsd/__main__.py ctl import-vsftpd /etc/vsftpd.conf --vendor=upstream --write
cd /etc/systemd/system
cat *.d/50-vsftpd.conf
mv ftpsd@.service.d ftpsd@0.service.d
cd /usr/lib/systemd/system
cp ftpsd@.service ftpsd@0.service
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
        "CapabilityBoundingSet=CAP_CHOWN",
        "LoadCredential=ftpsd.key:/etc/vsftpd.key",
        "SyslogFacility=ftp",
        "MaxConnections=1000000",
    ):
        assert f"\n{line}\n" in done.stdout
    assert [
        line for line in done.stdout.splitlines() if "verify:" in line and "vsftpd" in line
    ] == []
