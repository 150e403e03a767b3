# SPDX-License-Identifier: GPL-3.0-or-later
"""A quota of the file system: 552 for what is beyond it, and nothing else happens.

The quota is one of btrfs, for a subvolume: it is the only kind that needs nothing but the module.
Whoever has used it up hears EDQUOT of the kernel, as with any other kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from ftp_session import Session
from machine import Machine, eventually
from test_files_settings import files, refusal

from ftpsd.session import events

pytestmark = pytest.mark.parametrize("machine", ["quota-bookworm"], indirect=True, scope="session")
NO_BTRFS = "the kernel has no btrfs (or no loop devices), so no quota of a file system was tried"
QUOTA, BEYOND = 2 << 20, bytes(4 << 20)

# The machine has the devices of systemd-nspawn only.
MOUNT = """
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
truncate --size=256M /var/tmp/image
mkfs.btrfs --quiet /var/tmp/image
# Loop devices are the host's: somebody else may have what was free a moment ago.
for _ in $(seq 100); do
  device=$(losetup --find)
  [ -e "$device" ] || mknod "$device" b 7 "${device#/dev/loop}"
  losetup "$device" /var/tmp/image && break || sleep 0.1
done
mount "$device" /mnt
losetup --detach "$device"
btrfs quota enable /mnt
btrfs subvolume create /mnt/anna
btrfs qgroup limit "$1" /mnt/anna
chown anna: /mnt/anna
mkdir /home/anna/limited
mount --bind /mnt/anna /home/anna/limited
"""
UNMOUNT = "umount /home/anna/limited /mnt; rmdir /home/anna/limited; rm /var/tmp/image"


@pytest.fixture
def limited(machine: Machine) -> Iterator[Machine]:
    """Give the machine with a quota on /limited of anna, of which nothing is used."""
    kernel = "grep -qw btrfs /proc/filesystems && [ -e /sys/class/misc/loop-control ]"
    if machine.run("sh", "-c", kernel, check=False).returncode:
        pytest.skip(NO_BTRFS)
    machine.run("sh", "-euc", MOUNT, "sh", str(QUOTA))
    try:
        yield machine
    finally:
        machine.run("sh", "-euc", UNMOUNT)


def entry(machine: Machine, session: Session, path: str) -> dict[str, str]:
    """Give what the journal tells of a path of a session."""
    found = eventually(
        lambda: machine.journal(f"--unit={session.unit}", f"FTPSD_PATH={path}"),
    )
    return found[-1]


def used(machine: Machine) -> list[str]:
    return machine.run("ls", "-A", "/home/anna/limited").stdout.split()


def test_an_upload_beyond_the_quota_is_refused_with_552(limited: Machine) -> None:
    with Session(limited, "anna") as anna:
        for verb, name in (("STOR", "stored"), ("APPE", "appended")):
            anna.voidcmd("TYPE I")
            with anna.transfercmd(f"{verb} limited/{name}") as data, suppress(OSError):
                data.sendall(BEYOND)
            assert anna.getmultiline() == "552 Your quota is used up.", verb
            told = entry(limited, anna, f"/limited/{name}")
            assert told["MESSAGE_ID"] == events.TRANSFER_FAILED.id
            assert (told["FTPSD_VERB"], told["FTPSD_REASON"]) == (verb, "Your quota is used up")
            assert 0 < int(told["FTPSD_BYTES"]) <= QUOTA
            anna.delete(f"limited/{name}")
        # What fits is taken again, and what is elsewhere always was.
        anna.store("limited/fits", bytes(QUOTA // 4))
        assert anna.works()


def test_an_atomic_upload_beyond_the_quota_leaves_what_was_there(limited: Machine) -> None:
    with files(limited, "AtomicUploads=yes"), Session(limited, "anna") as anna:
        anna.store("limited/old", b"old")
        for name in ("old", "new"):
            assert refusal(anna, f"limited/{name}", BEYOND) == "552"
            assert used(limited) == ["old"]
        anna.store("large", BEYOND)
        assert anna.code("SITE CPFR large") == "350"
        assert anna.reply("SITE CPTO limited/copy") == "552 Your quota is used up."
        assert entry(limited, anna, "/limited/copy")["FTPSD_REASON"] == "Your quota is used up"
        assert used(limited) == ["old"]
        anna.delete("large")
        assert anna.fetch("limited/old") == b"old"
        anna.store("limited/old", bytes(QUOTA // 4))
        assert used(limited) == ["old"]
        assert anna.works()


def test_an_upload_that_failed_is_deleted_where_that_is_set(limited: Machine) -> None:
    with files(limited, "DeleteFailedUploads=yes"), Session(limited, "anna") as anna:
        assert refusal(anna, "limited/new", BEYOND) == "552"
        assert used(limited) == []
        assert anna.works()


def test_no_directory_is_made_beyond_the_quota(limited: Machine) -> None:
    with Session(limited, "anna") as anna:
        assert refusal(anna, "limited/filler", BEYOND) == "552"
        told, path = "257", ""
        for number in range(2000):
            path = f"/limited/{number}"
            told = anna.reply(f"MKD {path}")
            if told[:3] != "257":
                break
        assert told == f"552 {path}: Your quota is used up."
        assert entry(limited, anna, path)["FTPSD_REASON"] == "quota"
        assert path.rpartition("/")[2] not in used(limited)
        assert anna.works()
