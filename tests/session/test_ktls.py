# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads whose records the kernel makes, and what is the same where it cannot.

The kernel of a machine that runs these tests may lack the module `tls`; OpenSSL then makes the
records. tests/system/test_ktls.py boots kernels that have it.
"""

from __future__ import annotations

import contextlib
import ftplib
import os
import select
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import PASSWORD, SECONDS, USER, serving

from ftpsd.helper.login import encryption
from ftpsd.options import Settings
from ftpsd.session import ktls
from ftpsd.session.credentials import Credentials
from ftpsd.session.secure import NO_APPLICATION_PROTOCOL, RAW, Refused, Secure
from ftpsd.session.tls import Tls

OPENSSL = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=server"
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
SIZES = (0, 1, 16384, 16385, 3_000_000)
CONTENT = os.urandom(SIZES[-1])
RESET = b"\1\0\0\0\0\0\0\0"
"""SO_LINGER that makes closing a reset."""
ANYWHERE = "from ftpsd.session import ktls; ktls.available = lambda sock: True"
BROKEN = b"\x16\x03\x01\x02\x00\x01\x00\x01"
"""The beginning of a ClientHello."""

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("certificates")
    key, chain = found / "ftpsd.key", found / "ftpsd.crt"
    make = [*OPENSSL.split(), "-keyout", str(key), "-out", str(chain)]
    subprocess.run(make, check=True, capture_output=True)
    return found


@pytest.fixture
def context(certificates: Path) -> ssl.SSLContext:
    """What a session has for data connections."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(certificates / "ftpsd.crt", certificates / "ftpsd.key")
    found.options |= ktls.OPTION
    found.set_alpn_protocols(["ftp"])
    found.num_tickets = 0
    return found


def connected() -> Pair:
    """Give both ends of a connection; the first is the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), SECONDS)
        ours = listener.accept()[0]
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = connected()
    yield ours, theirs
    theirs.close()
    ours.close()


class Client:
    """The client's side, in memory: its handshake can be cut anywhere."""

    def __init__(
        self, sock: socket.socket, version: ssl.TLSVersion, protocols: tuple[str, ...] = ("ftp",)
    ) -> None:
        self.sock = sock
        self.shaken = False
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        # Otherwise what was cut would end like what was closed.
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
        context.set_alpn_protocols(list(protocols))
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._in, self._out)

    def go_on(self) -> bytes:
        """Go on with the handshake; give what is to be sent."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
            self.shaken = True
        return self._out.read()

    def hear(self) -> bool:
        """Take what has arrived; `False` at the end."""
        piece = self.sock.recv(1 << 18)
        self._in.write(piece) if piece else self._in.write_eof()
        return bool(piece)

    def hears(self) -> bool:
        """Say whether something has arrived."""
        return bool(select.select([self.sock], [], [], 0)[0])

    def read(self) -> bytes:
        """Give what has arrived; raise `ssl.SSLZeroReturnError` at an end that was announced."""
        found = bytearray()
        with contextlib.suppress(ssl.SSLWantReadError):
            while piece := self.tls.read(1 << 16):
                found += piece
        return bytes(found)

    def everything(self) -> bytes:
        """Read to the end, which must be announced."""
        found = bytearray()
        while True:
            try:
                piece = self.tls.read(1 << 16)
            except ssl.SSLWantReadError:
                self.hear()
                continue
            except ssl.SSLZeroReturnError:
                return bytes(found)
            if not piece:
                return bytes(found)
            found += piece

    def leave(self) -> None:
        """Send close_notify."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        self.sock.sendall(self._out.read())


def wait(server: ktls.Kernel | Secure, event: int) -> None:
    poll = select.poll()
    poll.register(server, event)
    assert poll.poll(SECONDS * 1000)


def meet(server: ktls.Kernel | Secure, client: Client, size: int = 1 << 14) -> None:
    """Do the handshake, the client's side in pieces of `size`."""
    event = select.POLLIN
    while event or not client.shaken:
        said = client.go_on()
        for start in range(0, len(said), size):
            client.sock.sendall(said[start : start + size])
            event = server.advance()
        while event and not client.hears():
            wait(server, event)
            event = server.advance()
        if not client.shaken:
            client.hear()


def shaken(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion
) -> tuple[ktls.Kernel, Client]:
    server, client = ktls.Kernel(pair[0], context), Client(pair[1], version)
    meet(server, client)
    return server, client


def test_a_connection_is_not_changed_by_asking_what_the_kernel_can_do(pair: Pair) -> None:
    ours, theirs = pair
    ktls.available(ours)
    ours.sendall(b"220")
    theirs.sendall(b"QUIT")

    assert (theirs.recv(10), ours.recv(10)) == (b"220", b"QUIT")
    theirs.close()
    assert ours.recv(10) == b""


def test_what_cannot_be_protected_is_no_mistake() -> None:
    with socket.socket() as unconnected:
        assert not ktls.available(unconnected)
    one, other = socket.socketpair()
    with one, other:
        assert not ktls.available(one)


@pytest.mark.parametrize("can", [False, True])
def test_the_kernel_is_used_for_files_where_it_can_and_resumption_is_not_required(
    certificates: Path, pair: Pair, can: bool
) -> None:
    tls = Tls(Credentials(str(certificates)), encryption(Settings()), pair[0])
    ours, theirs = connected()
    with ours, theirs:
        assert tls._kernel == ktls.available(ours)
    tls._kernel = can

    def kind(*, must_resume: bool, file: bool) -> type:
        ours, theirs = connected()
        make = tls.download if file else tls.data
        data = make(ours, must_resume=must_resume)
        data.close()
        theirs.close()
        return type(data)

    assert kind(must_resume=False, file=True) is (ktls.Kernel if can else Secure)
    assert kind(must_resume=True, file=True) is Secure
    assert kind(must_resume=False, file=False) is Secure


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_a_handshake_may_come_in_pieces_of_any_size(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion, size: int
) -> None:
    server, client = ktls.Kernel(pair[0], context), Client(pair[1], version)
    meet(server, client, size)
    assert server.send(b"all of it") == 9
    assert server.finish()
    server.close()

    assert client.everything() == b"all of it"
    assert client.tls.selected_alpn_protocol() == "ftp"
    assert not server.resumed


def test_a_handshake_under_way_is_waited_for(pair: Pair, context: ssl.SSLContext) -> None:
    server, client = ktls.Kernel(pair[0], context), Client(pair[1], VERSIONS[1])
    said = client.go_on()
    client.sock.sendall(said[:100])
    wait(server, select.POLLIN)

    assert server.advance() == select.POLLIN
    poll = select.poll()
    poll.register(server, select.POLLIN)
    assert not poll.poll(0), "what is there already wakes nobody"
    client.sock.sendall(said[100:])
    wait(server, select.POLLIN)
    server.close()


@pytest.mark.parametrize("begun", [b"", b"\x16", BROKEN])
def test_a_client_that_hangs_up_in_its_first_message_is_not_waited_for(
    pair: Pair, context: ssl.SSLContext, begun: bytes
) -> None:
    server = ktls.Kernel(pair[0], context)
    pair[1].sendall(begun)
    pair[1].shutdown(socket.SHUT_WR)
    wait(server, select.POLLRDHUP)

    with pytest.raises(Refused, match="closed during the handshake"):
        server.advance()
    server.close()


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x02\x01\x00"])
def test_what_is_no_tls_is_refused(pair: Pair, context: ssl.SSLContext, begun: bytes) -> None:
    server = ktls.Kernel(pair[0], context)
    pair[1].sendall(begun)
    pair[1].shutdown(socket.SHUT_WR)
    wait(server, select.POLLRDHUP)

    with pytest.raises(Refused):
        server.advance()
    server.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_browser_is_told_that_this_is_no_web_server(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    server, client = ktls.Kernel(pair[0], context), Client(pair[1], version, ("h2", "http/1.1"))
    client.sock.sendall(client.go_on())
    wait(server, select.POLLIN)
    with pytest.raises(Refused, match="h2"):
        server.advance()
    server.close()

    assert client.sock.recv(100) == NO_APPLICATION_PROTOCOL
    assert client.sock.recv(100) == b"", "a reset might have come first and taken it away"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("buffer", [0, 1 << 15])
@pytest.mark.parametrize("size", SIZES)
def test_what_is_sent_arrives_whole_and_its_end_is_announced(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion, buffer: int, size: int
) -> None:
    if buffer:
        pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        pair[1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    server, client = shaken(pair, context, version)
    left, found, waited = memoryview(CONTENT)[:size], bytearray(), 0
    while left:
        try:
            left = left[server.send(left) :]
        except BlockingIOError:
            waited += 1
            while client.hears():
                client.hear()
                found += client.read()
            wait(server, select.POLLOUT)
    while not server.finish():
        client.hear()
    server.close()
    found += client.everything()

    assert found == CONTENT[:size]
    assert waited or not buffer or size < 1_000_000


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_client_sends_does_not_take_the_end_of_its_file_away(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    server, client = shaken(pair, context, version)
    server.send(CONTENT[:100_000])
    client.leave()
    wait(server, select.POLLIN)
    assert server.finish()
    server.close()

    raw = b""
    while piece := client.sock.recv(1 << 18):
        raw += piece
    assert len(raw) > 100_000


@pytest.mark.parametrize("version", VERSIONS)
def test_who_left_without_reading_a_file_does_not_have_it(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    server, client = shaken(pair, context, version)
    server.send(b"all of it")
    select.select([client.sock], [], [], SECONDS)
    client.sock.close()
    wait(server, select.POLLRDHUP)

    with pytest.raises(OSError, match=r"reset|pipe|connected"):
        server.finish()
    server.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_that_left_is_an_error_of_its_own_connection_alone(
    pair: Pair, context: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    ours, theirs = connected()
    control, other = Secure(ours, context, RAW, must_resume=False), Client(theirs, version)
    meet(control, other)
    server, client = shaken(pair, context, version)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.sock.close()
    wait(server, select.POLLRDHUP)
    with pytest.raises(OSError, match=r"reset|pipe|EOF"):
        server.send(CONTENT[:100_000])
    server.close()

    with pytest.raises(BlockingIOError):
        control.recv(100)
    control.close()
    theirs.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_downloads_whole_files_where_the_kernel_lacks_the_cipher(
    certificates: Path, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").write_bytes(CONTENT)
    trusting = ssl.create_default_context(cafile=certificates / "ftpsd.crt")
    trusting.check_hostname = False
    trusting.minimum_version = trusting.maximum_version = version
    with (
        serving(
            root, tmp_path / "log", "--credentials", str(certificates), change=ANYWHERE
        ) as served,
        ftplib.FTP_TLS(context=trusting, timeout=SECONDS) as ftp,
    ):
        ftp.connect(served.host, served.port)
        ftp.login(USER, PASSWORD)
        ftp.prot_p()
        for start in (0, 1, 2_000_000, len(CONTENT)):
            pieces: list[bytes] = []
            # It fails where the end is not announced.
            ftp.retrbinary("RETR file", pieces.append, 1 << 16, rest=start)

            assert b"".join(pieces) == CONTENT[start:]
        assert ftp.voidcmd("NOOP")[:3] == "200"
        assert not served.trouble()
