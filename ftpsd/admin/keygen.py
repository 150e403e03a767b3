# SPDX-License-Identifier: GPL-3.0-or-later
"""`ftpsd keygen`: a key and a certificate that nobody but itself has signed.

It lets TLS work from the first minute; clients have no way to tell whose it is before an admin
puts a real one beside it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = Path("/etc/credstore/ftpsd.self-signed")
"""Where systemd looks for the credential of this name (systemd.exec(5), LoadCredential=)."""
DAYS = 3650
OPENSSL = "/usr/bin/openssl"


def _names(host: str) -> tuple[str, str]:
    """Give subject and subjectAltName for a host; a common name has 64 letters at most."""
    first = host.partition(".")[0]
    return f"/CN={host if len(host) <= 64 else first}", f"subjectAltName=DNS:{host}"


def _make(host: str) -> bytes:
    """Give key and certificate in PEM. Raise `OSError` or `subprocess.CalledProcessError`."""
    subject, names = _names(host)
    with tempfile.TemporaryDirectory() as work:
        key, chain = Path(work, "key"), Path(work, "chain")
        # RSA, because there are devices that know nothing else.
        command = [OPENSSL, "req", "-x509", "-nodes", "-newkey", "rsa:3072", "-days", str(DAYS)]
        command += ["-subj", subject, "-addext", names, "-keyout", str(key), "-out", str(chain)]
        # Its arguments are the name of this host, and our own.
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return key.read_bytes() + chain.read_bytes()


def main(argv: list[str]) -> int:
    """Make the file, unless it is there; give the exit status."""
    file = Path(argv[0]) if argv else FILE
    if file.exists():
        print(f"ftpsd keygen: {file} is there already")
        return 0
    os.umask(0o077)
    try:
        content = _make(socket.getfqdn() or "localhost")
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = file.with_name(f".{file.name}.new")
        new.write_bytes(content)
        # All of it at once: a session may be looking.
        new.rename(file)
    except subprocess.CalledProcessError as error:
        print(f"ftpsd keygen: openssl: {error.stderr.decode(errors='replace')}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"ftpsd keygen: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"ftpsd keygen: made {file}, self-signed, for {DAYS} days")
    return 0
