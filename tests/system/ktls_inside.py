#!/usr/bin/python3 -u
# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads whose records the kernel makes; is the first process of a machine made for it.

It says on the console what it saw, one line for each thing, and powers off. The last line tells
whether all was as it should be.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

os.environ["PATH"] = "/usr/sbin:/usr/bin"
HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2])]

from ktls_client import WORK, Ftps, everything  # noqa: E402
from served import Served, serving  # noqa: E402

from ftpsd.session import ktls  # noqa: E402

_SET_FLAGS = 0x8914
"""SIOCSIFFLAGS (netdevice(7)); 1 is IFF_UP."""
CONTENT = os.urandom(5_000_003)
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
SIZES = (0, 1, 16383, 16384, 16385, 200_000)
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
)
FORCE = "from ftpsd.session import ktls; ktls.available = lambda sock: True"
REQUIRE = 'options.Settings.__init__.__kwdefaults__["tls_resumption"] = "require"'

Check = Callable[[Served, ssl.TLSVersion], str]


def counter(name: str = "TlsTxSw") -> int:
    """Give how many connections the kernel has been told to make records for."""
    lines = Path("/proc/net/tls_stat").read_text().split("\n")
    return sum(int(line.split()[1]) for line in lines if line.split()[:1] == [name])


def put(name: str, content: bytes) -> bytes:
    (WORK / "root" / name).write_bytes(content)
    return content


def served_whole(served: Served, version: ssl.TLSVersion) -> str:
    """A file arrives byte for byte, from any place on, with its end announced."""
    put("file", CONTENT)
    before = counter()
    with Ftps(served, version) as ftp:
        begun = time.monotonic()
        assert ftp.fetch("RETR file") == CONTENT
        seconds = time.monotonic() - begun
        assert ftp.sendcmd("REST 4000001")[:3] == "350"
        assert ftp.fetch("RETR file") == CONTENT[4_000_001:]
        assert ftp.sendcmd("RANG 16380 50000")[:3] == "350"
        assert ftp.fetch("RETR file") == CONTENT[16_380:50_001]
        for size in SIZES:
            put("small", CONTENT[:size])
            assert ftp.fetch("RETR small") == CONTENT[:size], size
    made, wanted = counter() - before, 3 + len(SIZES)
    assert made == wanted, (made, wanted)
    assert counter("TlsCurrTxSw") == 0
    return f"TlsTxSw +{made}, {len(CONTENT)} bytes in {seconds:.1f} s"


def known_to_ftplib(served: Served, version: ssl.TLSVersion) -> str:
    """ftplib as it is ends each download with close_notify both ways, and goes on."""
    put("file", CONTENT)
    before = counter()
    with Ftps(served, version) as ftp:
        for _ in range(3):
            pieces: list[bytes] = []
            ftp.retrbinary("RETR file", pieces.append, 1 << 16)
            assert b"".join(pieces) == CONTENT
    assert counter() - before == 3
    return "3 files"


def sent_by_sendfile(served: Served, version: ssl.TLSVersion) -> str:
    """The file does not pass through the process."""
    put("file", CONTENT)
    trace = WORK / "trace"
    options = ["-f", "-e", "trace=sendfile,sendto,write,sendmsg,setsockopt", "-o", str(trace)]
    with subprocess.Popen(
        ["strace", *options, "-p", str(served.process.pid)], stderr=subprocess.PIPE
    ) as strace:
        assert strace.stderr is not None
        assert b"attached" in strace.stderr.readline()
        with Ftps(served, version) as ftp:
            assert ftp.fetch("RETR file") == CONTENT
        strace.send_signal(signal.SIGINT)
    lines = trace.read_text().split("\n")
    sent = [int(line.rpartition("=")[2]) for line in lines if re.search(r"sendfile.*= \d+$", line)]
    keys = [line for line in lines if "SOL_TLS, TLS_TX" in line and line.endswith("= 0")]
    assert sum(sent) == len(CONTENT), (sum(sent), sent)
    assert len(keys) == 1, keys
    return f"{sum(sent)} bytes in {len(sent)} calls"


def read_slowly(served: Served, version: ssl.TLSVersion) -> str:
    """A client that makes the server wait has all of it and its end."""
    # Buffers that hold less than a record, so that the kernel keeps some that it cannot send, and
    # may forget to send it at all.
    limits = Path("/proc/sys/net/ipv4/tcp_wmem")
    usual = limits.read_text()
    limits.write_text("4096 8192 8192")
    cut = []
    with Ftps(served, version) as ftp:
        for length in range(200_000, 200_000 + 100 * 1117, 1117):
            put("file", CONTENT[:length])
            with ftp.begin("RETR file", 8192) as data:
                found, end = read_with_pauses(data, length)
            last = code(ftp)
            if end or last != "226" or found != CONTENT[:length]:
                cut.append((length, len(found), end, last))
                ftp.resumes = version is V13
    limits.write_text(usual)
    assert not cut, f"{len(cut)} of 100: {cut}"
    return "100 files"


def read_with_pauses(data: ssl.SSLSocket, length: int) -> tuple[bytes, str]:
    """Read to the end; give what came and what was wrong with the end."""
    found = bytearray()
    try:
        while piece := data.recv(20_000):
            found += piece
            if len(found) > length - 100_000:
                time.sleep(0.001)
    except OSError as error:
        return bytes(found), type(error).__name__
    return bytes(found), ""


def abandoned(served: Served, version: ssl.TLSVersion) -> str:
    """After ABOR, or a client that closes early, the session goes on; nothing looks whole."""
    put("file", CONTENT * 4)
    with Ftps(served, version) as ftp:
        with ftp.begin("RETR file", 4096) as data:
            assert data.recv(10_000)
            ftp.putcmd("ABOR")
            replies = [code(ftp), code(ftp)]
            try:
                rest = everything(data)
            except (ssl.SSLError, ConnectionResetError) as error:
                ended = type(error).__name__
            else:
                raise AssertionError(f"it looks whole after {len(rest)} bytes")
        assert replies == ["426", "226"], replies
        with ftp.begin("RETR file", 4096) as data:
            assert data.recv(10_000)
        early = code(ftp)
        assert early == "426", early
        # In TLS 1.2 a client gives up a session of which a connection was cut.
        ftp.resumes = version is V13
        put("file", CONTENT)
        assert ftp.fetch("RETR file") == CONTENT
        assert ftp.sendcmd("NOOP")[:3] == "200"
    return f"ABOR: {replies}, {ended}; closed early: {early}"


def code(ftp: Ftps) -> str:
    return ftp.getmultiline()[:3]


def not_for_others(served: Served, version: ssl.TLSVersion) -> str:
    """Uploads, listings and control connections have their records made in memory."""
    before = counter()
    with Ftps(served, version) as ftp:
        with ftp.begin("STOR new") as data:
            data.sendall(CONTENT)
            data.unwrap()
        assert code(ftp) == "226"
        assert (WORK / "root" / "new").read_bytes() == CONTENT
        assert b"new" in ftp.fetch("NLST")
        assert ftp.sendcmd("TYPE A")[:3] == "200"
        assert ftp.fetch("NLST").endswith(b"\r\n")
    assert counter() == before
    return "TlsTxSw +0"


def unresumed(served: Served, version: ssl.TLSVersion) -> str:
    """It needs no resumption."""
    put("file", CONTENT)
    before = counter()
    with Ftps(served, version, resume=False) as ftp:
        assert ftp.fetch("RETR file") == CONTENT
    assert counter() - before == 1
    return "TlsTxSw +1"


def each_cipher(served: Served, version: ssl.TLSVersion) -> str:
    """Whatever is negotiated, the kernel makes the records."""
    if version is V13:
        return "its ciphers cannot be chosen here"
    put("file", CONTENT[:1_000_000])
    said = []
    for cipher in CIPHERS:
        before = counter()
        with Ftps(served, V12, cipher) as ftp:
            assert ftp.fetch("RETR file") == CONTENT[:1_000_000]
        assert counter() - before == 1, cipher
        said.append(cipher)
    return ", ".join(said)


def refused_protocol(served: Served, version: ssl.TLSVersion) -> str:
    """A browser is told that this is no web server, and the session goes on."""
    put("file", CONTENT)
    with Ftps(served, version) as ftp:
        ftp.context.set_alpn_protocols(["h2"])
        reason = "it was not refused"
        try:
            ftp.begin("RETR file")
        except ssl.SSLError as error:
            reason = str(error)
        assert code(ftp) == "425"
        ftp.context.set_alpn_protocols(["ftp"])
        ftp.resumes = version is V13
        assert ftp.fetch("RETR file") == CONTENT
    return reason


def cut_hello(served: Served, version: ssl.TLSVersion) -> str:
    """A client that hangs up in its first message is not waited for."""
    with Ftps(served, version) as ftp:
        port = int(ftp.sendcmd("EPSV").split("|")[3])
        with socket.create_connection((ftp.host, port)) as data:
            assert ftp.sendcmd("RETR file")[:3] == "150"
            data.sendall(b"\x16\x03\x01\x02\x00\x01")
            data.shutdown(socket.SHUT_WR)
            last = ftp.getmultiline()
            assert last.startswith("425 No TLS"), last
    return last


def required(served: Served, version: ssl.TLSVersion) -> str:
    """Where resumption is required OpenSSL may not finish a handshake by itself."""
    put("file", CONTENT)
    before = counter()
    with Ftps(served, version) as ftp:
        assert ftp.fetch("RETR file") == CONTENT
        ftp.resumes = False
        with contextlib.suppress(OSError):
            ftp.begin("RETR file").recv(1)
        refused = code(ftp)
        assert refused == "522", refused
    assert counter() == before
    return "TlsTxSw +0, 522 without"


def without_tickets(served: Served, version: ssl.TLSVersion) -> str:
    """A client that has none resumes by the name of its session, again and again."""
    if version is V13:
        return "it has no such thing"
    put("file", CONTENT[:100_000])
    with Ftps(served, V12, tickets=False) as ftp:
        for _ in range(3):
            assert ftp.fetch("RETR file") == CONTENT[:100_000]
    return "3 files"


def detected() -> bool:
    """Say whether the kernel can do it, without harm to the connection that it is asked of."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        listener.accept()[0] as accepted,
    ):
        found = ktls.available(client)
        client.sendall(b"as before")
        assert accepted.recv(100) == b"as before"
    return found


CHECKS: tuple[Check, ...] = (
    served_whole,
    known_to_ftplib,
    sent_by_sendfile,
    abandoned,
    not_for_others,
    unresumed,
    refused_protocol,
    cut_hello,
    read_slowly,
    each_cipher,
    without_tickets,
)


def say(what: str) -> None:
    sys.stdout.write(f"ktls: {what}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def checked(name: str, failed: list[str]) -> Iterator[Callable[[str], None]]:
    begun = time.monotonic()
    seen: list[str] = []
    try:
        yield seen.append
    except Exception:  # noqa: BLE001 - the other checks are done all the same
        failed.append(name)
        say(f"FAILED {name}\n{traceback.format_exc()}")
    else:
        say(f"ok {name}: {seen[0]} ({time.monotonic() - begun:.1f} s)")


def make_certificate() -> None:
    pem, key = WORK / "credentials" / "ftpsd.pem", WORK / "key"
    make = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=server"
    subprocess.run([*make.split(), "-keyout", key, "-out", pem], check=True, capture_output=True)
    pem.write_bytes(key.read_bytes() + pem.read_bytes())


def check(failed: list[str], checks: Iterable[Check], change: str = "", where: str = "") -> None:
    """Do `checks` of both versions of TLS, with a server of their own."""
    arguments = ("--credentials", str(WORK / "credentials"))
    with serving(WORK / "root", WORK / "log", *arguments, change=change) as served:
        for version in (V13, V12):
            for one in checks:
                with checked(f"{one.__name__}{where} {version.name}", failed) as saw:
                    saw(one(served, version))
        if trouble := served.trouble():
            failed.append("the log")
            say(trouble)


def check_all() -> list[str]:
    failed: list[str] = []
    for name in ("root", "credentials"):
        (WORK / name).mkdir(parents=True)
    make_certificate()
    # Whoever is root has modules loaded by asking for what is in them; no session is.
    loader = Path("/proc/sys/kernel/modprobe")
    usual = loader.read_text()
    loader.write_text("/bin/false")
    with checked("detected", failed) as saw:
        assert not detected()
        check(failed, (abandoned,), change=FORCE, where=" without the module")
        loader.write_text(usual)
        subprocess.run(["modprobe", "tls"], check=True)
        assert detected()
        saw("only with the module")
    check(failed, CHECKS)
    check(failed, (required,), change=REQUIRE)
    return failed


def main() -> None:
    for kind, where in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("tmpfs", "/tmp")):
        subprocess.run(["mount", "-t", kind, kind, where], check=False, stderr=subprocess.DEVNULL)
    with socket.socket() as sock:
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sH14x", b"lo", 1))
    say(f"Linux {platform.release()}, {ssl.OPENSSL_VERSION}, Python {platform.python_version()}")
    failed = check_all()
    say(f"failed: {', '.join(failed)}" if failed else "all passed")


if __name__ == "__main__":
    try:
        main()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        Path("/proc/sysrq-trigger").write_text("o")
        select.select([], [], [])
