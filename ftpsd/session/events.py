# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal entries of a session, each once; see `ftpsd.events`."""

from __future__ import annotations

from ftpsd.events import CRIT, INFO, NOTICE, WARNING, Event

CONNECTED = Event(
    "e89f4d122e75463ab3e97028e98723ef",
    INFO,
    "{remote} connected.",
    "A client connected. ftpsd@.service now serves it.",
)
SEALED_BADLY = Event(
    "3472d0eb98d142deb64ae1ee819cc2d1",
    CRIT,
    "Not serving: {reason}",
    "The session found that its sandbox is not as its unit says, and refused to serve.\n"
    "Look for drop-ins that widen ftpsd@.service: systemctl cat 'ftpsd@.service'.",
)
TLS_BEGUN = Event(
    "9897149b5d7f48c5af9ea5f951556735",
    INFO,
    "{remote} uses {version}, {cipher}.",
    "The control connection is protected.",
)
ENCRYPTION_MISSED = Event(
    "c7d86be66853473594f3370ad0d66554",
    NOTICE,
    "{user} from {remote} has to use TLS, and did not.",
    "A login in the clear was refused before its password was sent. For devices that have no TLS:\n"
    "RequireTLS=no in section [TLS] of ftpsd.conf, for all.",
)
TLS_FAILED = Event(
    "3e73094343724155aab7e0313599cb18",
    WARNING,
    "No TLS with {remote}: {reason}.",
    "A TLS handshake failed, or the certificate could not be loaded. The session ended, or goes\n"
    "on in the clear if the client had not begun TLS.",
)
CERTIFICATE_ENDS = Event(
    "b7efe441b71d4d62baa183b84da03a57",
    WARNING,
    "The certificate of this server is good until {ends}.",
    "Clients that check certificates refuse it from then on. A new one in /etc/credstore is used\n"
    "from the next connection on.",
)
CLEAR_TEXT_DROPPED = Event(
    "e2cfc680d7524f4ab3b3fd2bda95106f",
    WARNING,
    "Dropped {bytes} bytes that {remote} sent in the clear behind AUTH.",
    "No client that means well sends anything before TLS has begun: someone between may have\n"
    "put it there. It was not run.",
)
NOT_RESUMED = Event(
    "b9ac6dd4d0c44567984f645f427c43d8",
    NOTICE,
    "{user}: a data connection does not resume the TLS session of its control connection.",
    "It was accepted, because TLSResumption=prefer. Nothing but its address and port says then\n"
    "that it is the client's. Logged once in a session.",
)
NOT_CLOSED = Event(
    "31790cc165b3498f8fe825ef26067d1f",
    NOTICE,
    "{user}: the end of {path} was not announced by TLS.",
    "The client closed the data connection without close_notify. The upload was taken for whole,\n"
    "because RequireTLSClose=no; someone who can cut connections could have shortened it.",
)
DOWNLOADED = Event(
    "e7a350a9bf9c4eefb82c43ae127c8ae9",
    INFO,
    "{user} downloaded {path}, {bytes} bytes.",
    "A file was sent whole.",
)
UPLOADED = Event(
    "be19a7646fe14483932c9d0347ce4766",
    INFO,
    "{user} uploaded {path}, {bytes} bytes.",
    "A file was received whole.",
)
TRANSFER_FAILED = Event(
    "d1d499f8dce34f30b21f4a5b63ca1b39",
    WARNING,
    "{user}: {verb} {path} ended after {bytes} bytes: {reason}.",
    "A transfer did not complete.",
)
COPIED = Event(
    "d54d753bc7e74d76953ce5dfeb6218df",
    INFO,
    "{user} copied to {path}, {bytes} bytes.",
    "A file was copied on the server, or files were joined to one.",
)
DELETED = Event(
    "64406cefbe7742889c96f7132ee61f19",
    INFO,
    "{user} deleted {path}.",
    "A file or directory was removed.",
)
LINKED = Event(
    "d49560a8223b4a4887de1f04efd901e1",
    INFO,
    "{user} made {path} a link to {target}.",
    "A symbolic link was made. The server follows it no further than the user's root.",
)
RENAMED = Event(
    "303a978e92a84067aa3c8f41bdf9a5f8",
    INFO,
    "{user} renamed {path} to {new_path}.",
    "A file or directory was renamed.",
)
DIRECTORY_MADE = Event(
    "2007f95fd4c247ffaa0b1a75ced2a345",
    INFO,
    "{user} made directory {path}.",
    "A directory was made.",
)
ATTRIBUTES_SET = Event(
    "d281b6bfd9274f7a8834a7f602d06ca1",
    INFO,
    "{user} set {what} of {path}.",
    "The permission bits or the time of a file were set.",
)
REFUSED = Event(
    "25b25d8bc0b2438095f294172cc3584e",
    NOTICE,
    "{user}: {verb} {path} refused: {reason}.",
    "A command on a file was refused.",
)
DATA_REFUSED = Event(
    "80d7a1263ddc4f1e996ca18f601ba217",
    WARNING,
    "{user}: no data connection: {reason}.",
    "No data connection could be made.",
)
ENDED = Event(
    "a6e4cc14decf46a4aa41702c89dbc52f",
    INFO,
    "{user} from {remote} left after {seconds} s: {reason}; "
    "{received} bytes received, {sent} bytes sent.",
    "A session ended.",
)

EVENTS = {name: value for name, value in list(globals().items()) if isinstance(value, Event)}
"""Every event of this table by its name."""
