# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers to compare with: how they are built from Debian's packages, set up and started."""

from __future__ import annotations

from typing import Final

from benchmarks.measure import Server

ROOT: Final = "peers-bookworm"
"""The name of the machine's root directory, among those of the system tests."""
PACKAGES: Final = (
    "systemd,systemd-sysv,dbus,libnss-systemd,libpam-systemd,"
    "python3,python3-systemd,python3-prctl,python3-pampy,python3-six,"
    "iproute2,openssl,passwd,procps,python3-openssl,python3-pyftpdlib,vsftpd,"
    "libattr1,libhiredis0.14,libmemcached11,libmemcachedutil2,libpcre2-posix3,libsodium23,libwrap0,"
    "pure-ftpd-common"
)
# Two of the three C servers beside the third: as packages they exclude each other, as files not.
UNPACKED: Final = (
    'cd "$1/tmp"; APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get download -qq'
    " proftpd-core proftpd-mod-crypto pure-ftpd; for package in ./*.deb; do"
    ' dpkg --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --directory="$1";'
    ' done; rm ./*.deb "$1/etc/systemd/system/multi-user.target.wants/vsftpd.service"'
)
"""A hook of mmdebstrap(1)."""

SERVERS: Final = (
    Server("vsftpd", 2101, "vsftpd"),
    Server("proftpd", 2102, "proftpd"),
    Server("pure-ftpd", 2103, "pure-ftpd"),
    Server("pyftpdlib", 2104, "pyftpdlib-server"),
    Server("vsftpd-socket", 2105, "vsftpd"),
    Server("ftpsd", 21, "ftpsd"),
)

_KEY: Final = "/etc/ssl/private/benchmark.pem"

# seccomp_sandbox: its filter ends sessions on current kernels, and Debian's default is off.
_VSFTPD: Final = f"""\
anonymous_enable=NO
local_enable=YES
write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
xferlog_enable=YES
seccomp_sandbox=NO
pam_service_name=vsftpd
secure_chroot_dir=/run/vsftpd/empty
ssl_enable=YES
ssl_tlsv1=YES
force_local_logins_ssl=NO
force_local_data_ssl=NO
require_ssl_reuse=NO
rsa_cert_file={_KEY}
rsa_private_key_file={_KEY}
"""
_PROFTPD: Final = f"""\
ServerName benchmark
ServerType standalone
Port 2102
UseIPv6 off
User nobody
Group nogroup
DefaultRoot ~
MaxInstances 2000
UseReverseDNS off
UseSendfile on
AuthPAMConfig proftpd
RequireValidShell off
LoadModule mod_tls.c
TLSEngine on
TLSRequired off
TLSRSACertificateFile {_KEY}
TLSRSACertificateKeyFile {_KEY}
TLSOptions NoSessionReuseRequired
"""
_PYFTPDLIB: Final = f"""\
from pyftpdlib.authorizers import UnixAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer
import logging
logging.basicConfig(level=logging.WARNING)
TLS_FTPHandler.certfile = {_KEY!r}
TLS_FTPHandler.authorizer = UnixAuthorizer(require_valid_shell=False)
server = FTPServer(("127.0.0.1", 2104), TLS_FTPHandler)
server.max_cons = 2000
server.serve_forever()
"""
_PURE_FTPD: Final = (
    "/usr/sbin/pure-ftpd --bind 127.0.0.1,2103 --maxclientsnumber 2000 --maxclientsperip 2000"
    " --chrooteveryone --noanonymous --dontresolve --tls 1 --login pam"
    f" --certfile {_KEY}"
)


def _service(command: str, *more: str) -> str:
    lines = ["[Service]", f"ExecStart={command}", "LimitNOFILE=65536", "TasksMax=infinity", *more]
    return "\n".join(lines) + "\n"


FILES: Final = {
    "/etc/peers/vsftpd.conf": f"{_VSFTPD}listen=YES\nlisten_port=2101\n",
    "/etc/peers/vsftpd-socket.conf": f"{_VSFTPD}listen=NO\n",
    "/etc/peers/proftpd.conf": _PROFTPD,
    "/etc/peers/pyftpdlib-server.py": _PYFTPDLIB,
    # what proftpd asks for first
    "/etc/ftpusers": "",
    "/etc/systemd/system/peer-vsftpd.service": _service("/usr/sbin/vsftpd /etc/peers/vsftpd.conf"),
    "/etc/systemd/system/peer-proftpd.service": _service(
        "/usr/sbin/proftpd --nodaemon --config /etc/peers/proftpd.conf", "RuntimeDirectory=proftpd"
    ),
    "/etc/systemd/system/peer-pure-ftpd.service": _service(_PURE_FTPD),
    "/etc/systemd/system/peer-pyftpdlib.service": _service(
        "/usr/bin/python3 /etc/peers/pyftpdlib-server.py"
    ),
    "/etc/systemd/system/peer-vsftpd-socket@.service": _service(
        "/usr/sbin/vsftpd /etc/peers/vsftpd-socket.conf", "StandardInput=socket"
    ),
    "/etc/systemd/system/peer-vsftpd-socket.socket": (
        "[Socket]\nListenStream=2105\nAccept=yes\nMaxConnections=2000\nBacklog=1024\n"
        "TriggerLimitIntervalSec=0\n"
    ),
    # what is measured in the clear is refused otherwise, and 1,000 sessions may be asked for
    "/etc/ftpsd/ftpsd.conf.d/benchmark.conf": "[TLS]\nRequireTLS=no\n",
    "/etc/systemd/system/ftpsd.socket.d/benchmark.conf": "[Socket]\nMaxConnections=2000\n",
}
"""Every file that is written before the servers start."""

UNITS: Final = (
    "peer-vsftpd",
    "peer-proftpd",
    "peer-pure-ftpd",
    "peer-pyftpdlib",
    "peer-vsftpd-socket",
)
"""Each of a peer, in the order of SERVERS."""

START: Final = f"""
ip link set lo up
echo "127.0.0.1 localhost $(hostname)" >/etc/hosts
mkdir -p /run/vsftpd/empty /etc/credstore "$(dirname {_KEY})"
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \\
    -keyout /tmp/key -out /tmp/certificate 2>/dev/null
cat /tmp/key /tmp/certificate >{_KEY}
chmod 600 {_KEY}
cp {_KEY} /etc/credstore/ftpsd.pem
useradd --create-home --shell /bin/bash bench
echo bench:bench | chpasswd
mount -t tmpfs -o mode=0755 tmpfs /home/bench
chown bench: /home/bench
systemctl daemon-reload
systemctl start {" ".join(UNITS[:-1])} {UNITS[-1]}.socket
systemctl restart ftpsd.socket
"""
"""Run in the machine, once ftpsd is installed and FILES are there."""

FILL: Final = """
mkdir "/home/bench/$1"
cd "/home/bench/$1"
seq -f 'file-%.0f.txt' "$2" | xargs touch
chown -R bench: .
"""
"""Run in the machine: make the directory $1 with $2 files."""
