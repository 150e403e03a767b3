# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session may ask of root."""

from __future__ import annotations

from ftpsd.wire.message import (
    Bool,
    Call,
    Done,
    Fd,
    Int,
    Interface,
    Name,
    Path,
    Refusal,
    Reply,
    Secret,
    Text,
    enumeration,
)

ClientCertificate = str
CertificateLogin = str
TlsResumption = str

enumeration("ClientCertificate", ("no", "optional", "required"))
enumeration("CertificateLogin", ("no", "with_password", "without_password"))
enumeration("TlsResumption", ("off", "prefer", "require"))


class Encryption(Reply):
    """How to speak TLS with this client; an empty text leaves it to the system."""

    tls13_only: Bool
    ciphers: Text
    cipher_suites: Text
    groups: Text
    client_certificate: ClientCertificate
    certificate_login: CertificateLogin


class GetEncryption(Call[Encryption]):
    """Say how to speak TLS with the client of this connection."""

    control_fd: Fd


class Granted(Reply):
    """The user is logged in.

    `files` leads to a worker that runs as the user, `ports` to the broker of data sockets.
    """

    user: Name
    anonymous: Bool
    read_only: Bool
    directory: Path
    idle_seconds: Int
    data_seconds: Int
    require_data_tls: Bool
    tls_resumption: TlsResumption
    require_tls_close: Bool
    files_fd: Fd
    ports_fd: Fd


class Login(Call[Granted]):
    """Check a password; when it is right, start a worker as that user.

    `control` is the client's connection: its address and how often it tried are read from it.
    `certificate` is the name in the client's certificate, if it has shown a valid one.
    """

    user: Name
    password: Secret
    tls: Bool
    certificate: Name | None
    control_fd: Fd


class MaySendPassword(Call[Done]):
    """Say whether a password of this user may travel in the clear, before it does."""

    user: Name
    control_fd: Fd


class Ping(Call[Done]):
    """Do nothing: the helper answers, so it lives."""


class Denied(Refusal):
    """Not with this name and password. Never says which, or why."""


class EncryptionRequired(Refusal):
    """Not without TLS. It is the same for every name that has no policy of its own."""


class Exhausted(Refusal):
    """The control connection has tried often enough."""


class Unavailable(Refusal):
    """Nobody can log in now; the journal says why."""


class NoDirectory(Refusal):
    """The password is right, but the user's directory cannot be entered."""


HELPER = Interface(
    "org.ftpsd.Helper",
    "ftpsd-helper.service: checks passwords and starts workers, for ftpsd@.service.",
    (Login, GetEncryption, MaySendPassword, Ping),
    (Denied, EncryptionRequired, Exhausted, Unavailable, NoDirectory),
)
