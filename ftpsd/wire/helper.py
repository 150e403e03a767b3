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
    Texts,
    enumeration,
)

ClientCertificate = str
TlsResumption = str

ANONYMOUS = ("anonymous", "ftp")
"""Names that mean an anonymous client (RFC 1635), in any case."""

enumeration("ClientCertificate", "no optional required")
enumeration("TlsResumption", "off prefer require")


class Encryption(Reply):
    """How to speak TLS with this client; an empty text leaves it to the system.

    `contents` is of the credentials of this server, one after the other; `credentials` tells size
    and name of each. A session is given them once.
    """

    tls13_only: Bool
    tls_ciphers: Text
    tls_cipher_suites: Text
    tls_groups: Text
    client_certificate: ClientCertificate
    certificate_login: Name
    credentials: Texts
    contents_fd: Fd


class GetEncryption(Call[Encryption]):
    """Say how to speak TLS with the client of this connection."""

    control_fd: Fd


class Greeting(Reply):
    """The name of the text to greet a client with."""

    name: Name


class GetGreeting(Call[Greeting]):
    """Say what to greet the client of this connection with, of whom no more is known."""

    tls: Bool
    control_fd: Fd


class Granted(Reply):
    """The user is logged in.

    `rights` are options of [Files] that are on, for what the client is told; `mask` is the one new
    files are made with. `files` leads to a worker that runs as the user, `ports` to the broker of
    data sockets.
    """

    user: Name
    anonymous: Bool
    read_only: Bool
    rights: Texts
    mask: Int
    max_file_size: Int
    keep_free: Int
    allow_commands: Texts
    deny_commands: Texts
    upload_rate: Int
    download_rate: Int
    rate_burst: Int
    passive: Bool
    active: Bool
    active_any_peer: Bool
    passive_address: Text
    login_message: Text
    directory: Path
    idle_seconds: Int
    data_seconds: Int
    require_data_tls: Bool
    tls_resumption: TlsResumption
    require_tls_close: Bool
    files_fd: Fd
    ports_fd: Fd


SAME = (
    "max_file_size keep_free passive active active_any_peer upload_rate download_rate rate_burst "
    "require_data_tls tls_resumption require_tls_close"
)
"""What of that is a setting as it stands."""


class Login(Call[Granted]):
    """Check a password; when it is right, start a worker as that user.

    `control` is the client's connection: its address and how often it tried are read from it.
    `certificate` is the name in the client's certificate, if it has shown a valid one.
    """

    user: Name
    password: Secret
    tls: Bool
    certificate: Name | None
    host: Name | None
    control_fd: Fd


class Asked(Reply):
    """Go on; `password` says whether one is needed."""

    password: Bool


class MaySendPassword(Call[Asked]):
    """Say whether a password of this user may travel, before it does, and whether one is needed.

    Under TLS it may; only for anonymous clients is it asked then.
    """

    user: Name
    tls: Bool
    host: Name | None
    control_fd: Fd


class Ping(Call[Done]):
    """Do nothing: the helper answers, so it lives."""


class Denied(Refusal):
    """Not with this name and password. Never says which, or why."""


class EncryptionRequired(Refusal):
    """Not without TLS. It is the same for every name that has no policy of its own."""


class Exhausted(Refusal):
    """The control connection has tried often enough."""


class Full(Refusal):
    """The password is right, but there are as many sessions as there may be."""


class Unavailable(Refusal):
    """A login is not possible now; the journal says why."""


class NoDirectory(Refusal):
    """The password is right, but the user's directory cannot be entered."""


HELPER = Interface(
    "org.ftpsd.Helper",
    "ftpsd-helper.service: checks passwords and starts workers, for ftpsd@.service.",
    (Login, GetEncryption, GetGreeting, MaySendPassword, Ping),
    (Denied, EncryptionRequired, Exhausted, Full, Unavailable, NoDirectory),
)
