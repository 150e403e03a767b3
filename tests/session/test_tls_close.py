# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a data connection under TLS, seen from a client that does not wait for it."""

from __future__ import annotations

import select
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ftpsd.session.secure import Secure

Pair = tuple[Secure, ssl.SSLSocket]
OPENSSL = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=server"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Give both ends of a connection under TLS."""
    key, chain = tmp_path / "key", tmp_path / "chain"
    make = [*OPENSSL.split(), "-keyout", str(key), "-out", str(chain)]
    subprocess.run(make, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.num_tickets = 0
    trusting = ssl.create_default_context(cafile=chain)
    trusting.check_hostname = False
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        theirs = socket.create_connection(listener.getsockname())
        secure = Secure(listener.accept()[0], context, 1 << 14, must_resume=False)
        client = pool.submit(trusting.wrap_socket, theirs)
        while event := secure.advance():
            poll = select.poll()
            poll.register(secure, event)
            assert poll.poll(10_000)
        with client.result() as sock:
            yield secure, sock
        secure.close()


def test_who_has_all_of_a_file_need_not_wait_to_hear_so(pair: Pair) -> None:
    """lftp does not in MODE Z: the end of the zlib stream tells it that nothing follows."""
    server, client = pair
    assert server.send(b"all of it") == 9
    assert client.recv(100) == b"all of it"
    client.close()

    assert server.finish()


def test_who_left_without_reading_a_file_does_not_have_it(pair: Pair) -> None:
    server, client = pair
    assert server.send(b"all of it") == 9
    select.select([client], [], [], 10)
    client.close()

    with pytest.raises(OSError, match=r"reset|pipe"):
        server.finish()
