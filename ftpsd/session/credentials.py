# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and keys, and greetings: what an admin has written for sessions to show.

They come from the helper, once, when a session is to speak TLS; what a drop-in of ftpsd@.service
names (systemd.exec(5), LoadCredential=) comes from systemd, and goes first. Not all by systemd: it
would mount a file system for each session, and each start takes as long as there are mounts.
"""

from __future__ import annotations

from errno import EFBIG
from posix import O_NONBLOCK, close, fstat, listdir
from posix import open as open_file

PEM, CERTIFICATE, KEY = "ftpsd.pem", "ftpsd.crt", "ftpsd.key"
"""Key and chain in one file, or apart."""
SELF_SIGNED = "ftpsd.self-signed"
"""What ftpsd-keygen.service has made, for as long as there is no other."""
AUTHORITIES = "ftpsd.ca"
"""Who may sign the certificates of clients."""
GREETINGS = "/etc/ftpsd.greetings"
"""Where ftpsd@.service shows a session /etc/ftpsd/greetings; empty if that is not there."""
_KIND, _REGULAR = 0o170000, 0o100000
"""S_IFMT and S_IFREG (inode(7)); to load `stat` would take time that every client waits for."""


class Certificate:
    """Where a certificate chain and its key are."""

    __slots__ = ("chain", "key", "name")

    def __init__(self, name: str, chain: str, key: str | None = None) -> None:
        """Name the files, `chain` also as the admin does; without `key` it is in `chain`."""
        self.name = name
        self.chain = chain
        self.key = key


class Credentials:
    """What this session has been handed."""

    def __init__(self, directory: str | None, greetings: str | None = None) -> None:
        """Look into `directory`, as CREDENTIALS_DIRECTORY names it; texts are in `greetings`."""
        self._paths: dict[str, str] = {}
        self._brought: dict[str, int] = {}
        self._greetings = greetings
        try:
            names = listdir(directory) if directory else []
        except OSError:
            names = []
        self._paths |= {name: f"{directory}/{name}" for name in names}

    def bring(self, told: list[str], contents: int) -> None:
        """Take what the helper has read: size and name of each, which lie in `contents` in a row.

        They have paths, as OpenSSL wants them, until `drop`.
        """
        # With a session in the clear it is not loaded.
        from posix import memfd_create, sendfile

        offset = 0
        for one in told:
            size, _, name = one.partition(" ")
            if name not in self._paths:
                self._brought[name] = memfd_create(name)
                self._paths[name] = f"/proc/self/fd/{self._brought[name]}"
                sendfile(self._brought[name], contents, offset, int(size))
            offset += int(size)

    def drop(self) -> None:
        """Close what was brought: it cannot be had again."""
        for name, fd in self._brought.items():
            close(fd)
            del self._paths[name]
        self._brought.clear()

    def path(self, name: str) -> str | None:
        """Give where a credential is, if it is there."""
        return self._paths.get(name)

    def certificate(self) -> Certificate | None:
        """Give the certificate of this server, if it has one."""
        if {CERTIFICATE, KEY} <= self._paths.keys():
            return Certificate(CERTIFICATE, self._paths[CERTIFICATE], self._paths[KEY])
        for name in (PEM, SELF_SIGNED):
            if name in self._paths:
                return Certificate(name, self._paths[name])
        return None

    def others(self) -> dict[str, Certificate]:
        """Give the certificates for other names of this server: ftpsd.NAME.pem, by NAME."""
        stem, _, end = PEM.partition(".")
        return {
            name[len(stem) + 1 : -len(end) - 1].lower(): Certificate(name, path)
            for name, path in self._paths.items()
            if name.startswith(f"{stem}.") and name.endswith(f".{end}") and name != PEM
        }

    @property
    def has_greetings(self) -> bool:
        """Say whether an admin has written any greeting: nobody is asked for its name otherwise."""
        try:
            return bool(self._greetings and listdir(self._greetings))
        except FileNotFoundError:
            return False
        except OSError:
            # There are some that cannot be read, which is told when one is.
            return True

    def greeting(self, name: str) -> list[str]:
        """Give the lines of a greeting, of 64 KiB at most. Raise `OSError`."""
        # Most are greeted without it, and before anything more is loaded.
        from ftpsd import limits

        with open(f"{self._greetings}/{name}", "rb", opener=_at_once) as file:
            found = fstat(file.fileno())
            if found.st_mode & _KIND != _REGULAR or found.st_size > limits.GREETING_BYTES:
                raise OSError(EFBIG, "Not a regular file, or too large")
            text = file.read(limits.GREETING_BYTES)
        return text.decode("utf-8", "replace").splitlines()


def _at_once(path: str, flags: int) -> int:
    """Open without waiting: nobody may ever write to a FIFO."""
    return open_file(path, flags | O_NONBLOCK)
