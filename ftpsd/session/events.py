# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal entries of a session, each once; see `ftpsd.events`."""

from __future__ import annotations

from ftpsd.events import CRIT, INFO, NOTICE, WARNING, Event

CONNECTED = Event("e89f4d122e75463ab3e97028e98723ef", INFO, "{remote} connected.")
SEALED_BADLY = Event("3472d0eb98d142deb64ae1ee819cc2d1", CRIT, "Not serving: {reason}")
GREETING_UNREADABLE = Event(
    "f5ed8f2b21e44856a049934e735ab40f", WARNING, "The greeting {name} cannot be read: {reason}."
)
TLS_BEGUN = Event("9897149b5d7f48c5af9ea5f951556735", INFO, "{remote} uses {version}, {cipher}.")
ENCRYPTION_MISSED = Event(
    "c7d86be66853473594f3370ad0d66554", NOTICE, "{user} from {remote} has to use TLS, and did not."
)
TLS_FAILED = Event("3e73094343724155aab7e0313599cb18", WARNING, "No TLS with {remote}: {reason}.")
CERTIFICATE_ENDS = Event(
    "b7efe441b71d4d62baa183b84da03a57",
    WARNING,
    "The certificate of this server is good until {ends}.",
)
CERTIFICATE_ENDED = Event(
    "73612db25f984c44b135b2162895ec5e",
    WARNING,
    "The certificate of this server has ended: it was good until {ends}.",
)
CLEAR_TEXT_DROPPED = Event(
    "e2cfc680d7524f4ab3b3fd2bda95106f",
    WARNING,
    "Dropped {bytes} bytes that {remote} sent in the clear behind AUTH.",
)
NOT_RESUMED = Event(
    "b9ac6dd4d0c44567984f645f427c43d8",
    NOTICE,
    "{user}: a data connection does not resume the TLS session of its control connection.",
)
NOT_CLOSED = Event(
    "31790cc165b3498f8fe825ef26067d1f",
    NOTICE,
    "{user}: the end of {path} was not announced by TLS.",
)
DOWNLOADED = Event(
    "e7a350a9bf9c4eefb82c43ae127c8ae9", INFO, "{user} downloaded {path}, {bytes} bytes."
)
UPLOADED = Event("be19a7646fe14483932c9d0347ce4766", INFO, "{user} uploaded {path}, {bytes} bytes.")
TRANSFER_FAILED = Event(
    "d1d499f8dce34f30b21f4a5b63ca1b39",
    WARNING,
    "{user}: {verb} {path} ended after {bytes} bytes: {reason}.",
)
COPIED = Event("d54d753bc7e74d76953ce5dfeb6218df", INFO, "{user} copied to {path}, {bytes} bytes.")
DELETED = Event("64406cefbe7742889c96f7132ee61f19", INFO, "{user} deleted {path}.")
LINKED = Event("d49560a8223b4a4887de1f04efd901e1", INFO, "{user} made {path} a link to {target}.")
RENAMED = Event("303a978e92a84067aa3c8f41bdf9a5f8", INFO, "{user} renamed {path} to {new_path}.")
DIRECTORY_MADE = Event("2007f95fd4c247ffaa0b1a75ced2a345", INFO, "{user} made directory {path}.")
ATTRIBUTES_SET = Event("d281b6bfd9274f7a8834a7f602d06ca1", INFO, "{user} set {what} of {path}.")
REFUSED = Event(
    "25b25d8bc0b2438095f294172cc3584e", NOTICE, "{user}: {verb} {path} refused: {reason}."
)
DATA_REFUSED = Event(
    "80d7a1263ddc4f1e996ca18f601ba217", WARNING, "{user}: no data connection: {reason}."
)
ENDED = Event(
    "a6e4cc14decf46a4aa41702c89dbc52f",
    INFO,
    "{user} from {remote} left after {seconds} s: {reason}; "
    "{received} bytes received, {sent} bytes sent.",
)

EVENTS = {name: value for name, value in list(globals().items()) if isinstance(value, Event)}
"""Every event of this table by its name."""
