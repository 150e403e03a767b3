# SPDX-License-Identifier: GPL-3.0-or-later
"""MODE Z, RANG, sums and copies: whatever the way, the bytes are those of the file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import zlib
from typing import TYPE_CHECKING

import pytest
from served import Client, crowd, eventually

if TYPE_CHECKING:
    from pathlib import Path

LINES = b"".join(b"line %d of a text\n" % number for number in range(40_000))
CONTENTS = {"nothing": b"", "one": b"x", "text": LINES, "random": os.urandom(1_000_001)}
SUMS = {"SHA-256": "sha256", "SHA-512": "sha512", "SHA-1": "sha1", "MD5": "md5"}
OLDER = {"XMD5": "md5", "XSHA": "sha1", "XSHA1": "sha1", "XSHA256": "sha256", "XSHA512": "sha512"}


def compressed(client: Client, level: int = 6) -> None:
    assert client.codes("MODE Z", f"OPTS MODE Z LEVEL {level}") == ["200", "200"]


def wire(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def sessions(client: Client) -> list[int]:
    """Give the processes that have come since the server started: this client's."""
    served = client.served
    return [pid for pid in served.processes() if pid not in served._at_rest]


def reads(pids: list[int], path: Path) -> bool:
    """Say whether one of the processes has the file open."""
    found = set()
    for pid in pids:
        # Processes end, and descriptors are closed, while they are looked at.
        with contextlib.suppress(OSError):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with contextlib.suppress(OSError):
                    found.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    return str(path) in found


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_what_is_stored_compressed_comes_back(client: Client, content: bytes, level: int) -> None:
    compressed(client, level)

    assert client.store("STOR new", zlib.compress(content))[:3] == "226"
    assert (client.served.root / "new").read_bytes() == content
    assert zlib.decompress(client.fetch("RETR new")) == content


def test_a_text_is_converted_within_the_stream(client: Client) -> None:
    compressed(client)
    client.says("TYPE A")

    assert client.store("STOR new", zlib.compress(wire(LINES)))[:3] == "226"
    assert (client.served.root / "new").read_bytes() == LINES
    assert zlib.decompress(client.fetch("RETR new")) == wire(LINES)


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_stream_may_come_in_any_pieces(client: Client, pieces: int) -> None:
    compressed(client)
    stream = zlib.compress(LINES[:20_000])
    with client.passive() as data:
        client.says("STOR new")
        for at in range(0, len(stream), pieces):
            data.sendall(stream[at : at + pieces])

    assert client.reply()[:3] == "226"
    assert (client.served.root / "new").read_bytes() == LINES[:20_000]


@pytest.mark.parametrize("offset", [0, 1, 500_000, 1_000_000, 1_000_001])
def test_rest_counts_the_bytes_of_the_file(client: Client, root: Path, offset: int) -> None:
    content = CONTENTS["random"]
    (root / "file").write_bytes(content)
    (root / "begun").write_bytes(content[:offset])
    compressed(client)

    client.says(f"REST {offset}")
    assert zlib.decompress(client.fetch("RETR file")) == content[offset:]
    client.says(f"REST {offset}")
    assert client.store("STOR begun", zlib.compress(content[offset:]))[:3] == "226"
    assert (root / "begun").read_bytes() == content


@pytest.mark.parametrize("letter", ["S", "Z"])
@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (1, 3), (262_143, 262_145), (999_999, 1_000_000), (1_000_000, 2e9)]
)
def test_rang_sends_a_part(
    client: Client, root: Path, letter: str, first: int, last: float
) -> None:
    content = CONTENTS["random"]
    (root / "file").write_bytes(content)
    client.codes(f"MODE {letter}", f"RANG {first} {int(last)}")
    found = client.fetch("RETR file")

    assert (zlib.decompress(found) if letter == "Z" else found) == content[first : int(last) + 1]
    found = client.fetch("RETR file")
    assert (zlib.decompress(found) if letter == "Z" else found) == content


@pytest.mark.parametrize("command", ["LIST", "NLST", "MLSD", "LIST -R"])
def test_a_listing_may_be_compressed(client: Client, root: Path, command: str) -> None:
    crowd(root, (f"a file of some name {number}" for number in range(500)))
    plain = client.fetch(command)
    compressed(client)

    assert zlib.decompress(client.fetch(command)) == plain


GOOD = zlib.compress(LINES)


@pytest.mark.parametrize(
    "stream",
    [
        GOOD[:1],
        GOOD[:1000],
        GOOD[:-1],
        GOOD[:-4] + bytes(4),
        GOOD + b"x",
        GOOD + GOOD,
        GOOD + bytes(1 << 20),
        b"no stream at all",
        os.urandom(1 << 20),
        zlib.compress(LINES, wbits=-15),
        zlib.compress(LINES, wbits=31),
    ],
    ids=[
        *("a byte", "a part", "all but a byte", "a wrong sum", "a byte more", "two"),
        *("zeros more", "text", "random", "raw", "gzip"),
    ],
)
@pytest.mark.parametrize("kind", ["A", "I"])
def test_a_damaged_stream_is_451_and_the_session_goes_on(
    client: Client, stream: bytes, kind: str
) -> None:
    compressed(client)
    client.says(f"TYPE {kind}")
    with client.passive() as data:
        client.says("STOR new")
        try:
            data.sendall(stream)
        except OSError:
            # The server has seen enough.
            assert len(stream) > 1 << 16

    assert client.reply()[:3] == "451"
    assert client.store("STOR new", zlib.compress(b"whole"))[:3] == "226"
    assert (client.served.root / "new").read_bytes() == b"whole"


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("name", [*SUMS, "CRC32"])
def test_hash_gives_the_sum_that_hashlib_gives(
    client: Client, root: Path, name: str, content: bytes
) -> None:
    (root / "file").write_bytes(content)
    client.says(f"OPTS HASH {name}")
    right = f"{zlib.crc32(content):08x}"
    if name in SUMS:
        right = hashlib.new(SUMS[name], content).hexdigest()

    assert client.says("HASH file") == f"213 {name} 0-{len(content)} {right} file"


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (5, 9), (1_048_570, 1_048_590), (0, 2_000_000)]
)
@pytest.mark.parametrize("name", SUMS)
def test_hash_of_a_part_is_that_of_what_rang_says(
    client: Client, root: Path, name: str, first: int, last: int
) -> None:
    content = os.urandom(2_000_001)
    (root / "file").write_bytes(content)
    client.codes(f"OPTS HASH {name}", f"RANG {first} {last}")
    right = hashlib.new(SUMS[name], content[first : last + 1]).hexdigest()

    assert client.says("HASH file").split()[3] == right


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_the_older_commands_give_the_same_sums(client: Client, root: Path, content: bytes) -> None:
    (root / "a file").write_bytes(content)

    for verb, name in OLDER.items():
        right = hashlib.new(name, content).hexdigest().upper()
        assert client.says(f"{verb} a file") == f"250 {right}"
        part = hashlib.new(name, content[:1]).hexdigest().upper()
        assert client.says(f'{verb} "a file" 0 1') == (
            f"250 {part}" if content else "554 /a file: The restart position is beyond the end."
        )
    assert client.says("XCRC a file") == f"250 {zlib.crc32(content):08X}"
    md5 = hashlib.md5(content).hexdigest().upper()
    assert client.says("MD5 a file") == f"251 a file {md5}"


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_copy_is_the_same_and_replaces(client: Client, root: Path, content: bytes) -> None:
    (root / "file").write_bytes(content)
    (root / "copy").write_bytes(b"something longer than a byte")

    assert client.codes("SITE CPFR file", "SITE CPTO copy") == ["350", "250"]
    assert (root / "copy").read_bytes() == (root / "file").read_bytes() == content


@pytest.mark.parametrize("command", ["SITE CPFR file|SITE CPTO {}", "COMB {} file", "COMB file {}"])
@pytest.mark.parametrize("name", ["file", "./file", "hard", "soft", "deep/soft", "deep/../file"])
def test_a_file_is_not_copied_to_itself(
    client: Client, root: Path, command: str, name: str
) -> None:
    (root / "file").write_bytes(LINES)
    os.link(root / "file", root / "hard")
    (root / "soft").symlink_to("file")
    (root / "deep").mkdir()
    (root / "deep/soft").symlink_to("/file")

    assert client.codes(*command.format(name).split("|"))[-1] == "553"
    assert (root / "file").read_bytes() == (root / "hard").read_bytes() == LINES


def test_comb_takes_no_file_twice_and_leaves_nothing(client: Client, root: Path) -> None:
    (root / "a").write_bytes(b"one")
    os.link(root / "a", root / "b")

    assert client.codes("COMB new a a", "COMB new a b") == ["553", "553"]
    assert sorted(os.listdir(root)) == ["a", "b"]
    assert (root / "a").read_bytes() == b"one"


def test_comb_joins_in_order(client: Client, root: Path) -> None:
    parts = [os.urandom(100_000) for _ in range(99)]
    for number, part in enumerate(parts):
        (root / str(number)).write_bytes(part)

    assert client.says("COMB all " + " ".join(map(str, range(99))))[:3] == "250"
    assert (root / "all").read_bytes() == b"".join(parts)
    assert os.listdir(root) == ["all"]


def test_a_group_of_ones_own_may_be_set(client: Client, root: Path) -> None:
    (root / "file").touch()
    group = os.getegid()

    assert client.says(f"MFF UNIX.gid={group}; file") == f"213 UNIX.gid={group}; /file"


def until_noop(client: Client) -> list[str]:
    codes = client.replies(1)
    while codes[-1] != "200":
        codes += client.replies(1)
    return codes


@pytest.fixture
def huge(root: Path) -> Path:
    path = root / "huge"
    path.touch()
    os.truncate(path, 4 << 30)
    return path


@pytest.mark.parametrize("command", ["HASH huge", "XSHA512 huge", "MD5 huge"])
def test_abor_ends_a_sum_and_both_are_answered(client: Client, huge: Path, command: str) -> None:
    client.send(command)
    assert eventually(lambda: reads(sessions(client), huge))
    client.send("ABOR")
    # RFC 959, section 4.1.3: one answer for what is ended, one for ABOR.
    first = client.reply()
    client.send("NOOP")
    codes = [first[:3], *until_noop(client)]

    assert codes[0][0] == "4"
    assert codes[1:] == ["226", "200"]


def test_abor_sent_together_with_a_sum_ends_it(client: Client, huge: Path) -> None:
    assert huge.stat().st_size == 4 << 30
    client.send("HASH huge", "ABOR", "NOOP")
    codes = until_noop(client)

    assert codes[0][0] == "4"
    assert codes[1:] == ["226", "200"]


def test_what_is_sent_while_a_sum_is_made_is_answered_after_it(client: Client, root: Path) -> None:
    path = root / "large"
    path.touch()
    os.truncate(path, 256 << 20)
    client.says("OPTS HASH SHA-512")
    client.send("HASH large")
    # Without a 150 before it nothing tells the client which answer is whose.
    assert eventually(lambda: reads(sessions(client), path))
    client.send("NOOP")

    assert client.replies(2) == ["213", "200"]


def test_a_client_that_hangs_up_ends_its_sum(client: Client, huge: Path) -> None:
    with Client(client.served) as other:
        other.login()
        other.send("HASH huge")
        assert eventually(lambda: reads(sessions(client), huge))

    assert eventually(lambda: not reads(sessions(client), huge))
