# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure servers on this machine, in turn: all of them in each round, so that drift hits all.

Nothing else may run meanwhile: processor time is that of the whole machine.
"""

from __future__ import annotations

import argparse
import json
import selectors
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.client import BLOCK, Account, Client, Refused, connect
from benchmarks.machine_cost import Processor, memory

SMALL_FILE: Final = 4096
LISTED: Final = "many"
"""The directory that is listed; `folders` lists LISTED-100 and so on. All must be there."""

Found = Iterator[tuple[str, float]]
"""Figures by name."""


class Server(NamedTuple):
    """A server, the port it is on, and what the command lines of its processes look like."""

    name: str
    port: int
    pattern: str


class Sizes(NamedTuple):
    """How much is done for one value of a figure."""

    account: Account
    tls: bool
    megabytes: int
    files: int
    sessions: int
    idle: int
    burst: int
    many: list[int]
    """Counts for what is measured with more and more of something."""


@contextmanager
def session(server: Server, sizes: Sizes, source: str = "") -> Iterator[Client]:
    """Log in, and leave at the end of the block."""
    client = Client(server.port, tls=sizes.tls, source=source)
    try:
        client.login(sizes.account)
        yield client
    finally:
        client.quit()


def source(number: int) -> str:
    """Give the address of a client: few come from one, as servers limit or slow those that do."""
    return f"127.6.{number % 199}.1"


def seconds(work: Callable[[], object]) -> float:
    """Give how long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def bulk(server: Server, sizes: Sizes) -> Found:
    """Measure one large file."""
    with session(server, sizes) as client:
        for verb, work in (
            ("STOR", lambda: client.upload("large", sizes.megabytes << 20)),
            ("RETR", lambda: client.download("RETR large")),
        ):
            with Processor() as processor:
                took = seconds(work)
            yield f"{verb} MiB/s", sizes.megabytes / took
            yield f"{verb} CPU s/GiB", processor.seconds * 1024 / sizes.megabytes
        client.command("DELE large", "250")


def small(server: Server, sizes: Sizes) -> Found:
    """Measure many small files, one after the other in one session."""
    with session(server, sizes) as client:
        for name, act in (
            ("STOR 4 KiB files/s", lambda file: client.upload(file, SMALL_FILE)),
            ("RETR 4 KiB files/s", lambda file: client.download(f"RETR {file}")),
            ("SIZE /s", lambda file: client.command(f"SIZE {file}", "213")),
            ("", lambda file: client.command(f"DELE {file}", "250")),
        ):
            began = time.perf_counter()
            for number in range(sizes.files):
                act(f"small-{number}")
            took = time.perf_counter() - began
            if name:
                yield name, sizes.files / took


def lists(server: Server, sizes: Sizes) -> Found:
    """Measure listings of one large directory."""
    for verb in ("LIST", "NLST", "MLSD"):
        with session(server, sizes) as client:
            try:
                yield f"{verb} ms", 1e3 * seconds(partial(client.download, f"{verb} {LISTED}"))
            except Refused:
                # Not all servers have MLSD.
                pass


def sessions(server: Server, sizes: Sizes) -> Found:
    """Measure how long a client waits until it is greeted, and until it is logged in."""
    banners, logins = [], []
    with Processor() as processor:
        for _ in range(sizes.sessions):
            client = Client(server.port, tls=sizes.tls)
            banners.append(client.greeted - client.began)
            logins.append(client.login(sizes.account))
            client.quit()
    yield "banner ms", 1e3 * statistics.median(banners)
    yield "login ms", 1e3 * statistics.median(logins)
    yield "CPU ms/session", 1e3 * processor.seconds / sizes.sessions


def idle(server: Server, sizes: Sizes) -> Found:
    """Measure the memory of sessions that are logged in and do nothing."""
    before = settled(server)
    with ExitStack() as stack:
        for number in range(sizes.idle):
            stack.enter_context(session(server, sizes, source(number)))
        yield "idle KiB", (settled(server) - before) / sizes.idle
    settled(server)


def settled(server: Server) -> int:
    """Give the memory of a server in KiB once it changes no more; sessions end late."""
    last = -1
    for _ in range(50):
        now = memory(server.pattern)
        if last >= 0 and abs(now - last) <= 64:
            return now
        last = now
        time.sleep(0.1)
    return last


def burst(server: Server, sizes: Sizes) -> Found:
    """Measure how long it takes until clients that all connect at once are all greeted."""
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        socks = [
            stack.enter_context(connect(server.port, source(number)))
            for number in range(sizes.burst)
        ]
        for sock in socks:
            selector.register(sock, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                selector.unregister(key.fileobj)
        took = time.perf_counter() - began
        greeted = [sock.recv(3) for sock in socks].count(b"220")
        if greeted != sizes.burst:
            raise Refused(f"{greeted} of {sizes.burst} greeted")
        yield "burst ms", 1e3 * took
    settled(server)


def parallel(server: Server, sizes: Sizes) -> Found:
    """Measure downloads of one file at the same time, by one client process."""
    with session(server, sizes) as client:
        client.upload("large", sizes.megabytes << 20)
    for count in sizes.many:
        with ExitStack() as stack, selectors.DefaultSelector() as selector:
            clients = [stack.enter_context(session(server, sizes, source(n))) for n in range(count)]
            began = time.perf_counter()
            for client in clients:
                selector.register(stack.enter_context(client.begin("RETR large")), 1)
            total, block = 0, memoryview(bytearray(BLOCK))
            while selector.get_map():
                for key, _ in selector.select():
                    received = key.fileobj.recv_into(block)  # type: ignore[union-attr]
                    total += received
                    if not received:
                        selector.unregister(key.fileobj)
            for client in clients:
                client.reply("226")
            yield f"{count} RETR at once MiB/s", total / (time.perf_counter() - began) / (1 << 20)


def crowd(server: Server, sizes: Sizes) -> Found:
    """Measure logins while more and more others are logged in and idle."""
    present = 0
    with ExitStack() as stack:
        for count in sorted(sizes.many):
            for number in range(present, count):
                stack.enter_context(session(server, sizes, source(number)))
            present = max(present, count)
            times = []
            for _ in range(sizes.sessions):
                client = Client(server.port, tls=sizes.tls)
                times.append((client.greeted - client.began, client.login(sizes.account)))
                client.quit()
            banners, logins = zip(*times, strict=True)
            yield f"banner beside {count} ms", 1e3 * statistics.median(banners)
            yield f"login beside {count} ms", 1e3 * statistics.median(logins)
    settled(server)


def folders(server: Server, sizes: Sizes) -> Found:
    """Measure listings of larger and larger directories, to the first byte and to the end."""
    for count in sizes.many:
        for verb in ("LIST", "NLST", "MLSD"):
            with session(server, sizes) as client:
                began = time.perf_counter()
                try:
                    _, first = client.download(f"{verb} {LISTED}-{count}")
                except Refused:
                    continue
                yield f"{verb} {count}, first byte ms", 1e3 * first
                yield f"{verb} {count} ms", 1e3 * (time.perf_counter() - began)


KINDS: Final[dict[str, Callable[[Server, Sizes], Found]]] = {
    "bulk": bulk,
    "small": small,
    "list": lists,
    "session": sessions,
    "idle": idle,
    "burst": burst,
    "parallel": parallel,
    "crowd": crowd,
    "folders": folders,
}
USUAL: Final = ("bulk", "small", "list", "session", "idle", "burst")
MANY: Final = {
    "parallel": [1, 10, 100],
    "crowd": [10, 900],
    "folders": [100, 1000, 10_000, 100_000, 1_000_000],
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command that boots a machine hands on to the one in it."""
    add: Any = parser.add_argument
    add("--only", default=",".join(USUAL), help=f"of {', '.join(KINDS)}; default %(default)s")
    add("--rounds", type=int, default=3, help="values of each figure (default %(default)s)")
    add("--tls", action="store_true", help="secure control and data connections")
    add("--megabytes", type=int, default=512, help="of the large file (default %(default)s)")
    add("--files", type=int, default=200, help="small files (default %(default)s)")
    add("--sessions", type=int, default=30, help="one after the other (default %(default)s)")
    add("--idle", type=int, default=50, help="sessions at rest (default %(default)s)")
    add("--burst", type=int, default=200, help="connections at once (default %(default)s)")
    add("--many", help="counts for parallel, crowd, folders: 1,10,100")


def server(text: str) -> Server:
    """Parse NAME=PORT or NAME=PORT=PATTERN."""
    name, port, pattern = (*text.split("=", 2), "")[:3]
    return Server(name, int(port), pattern or name)


def main(arguments: list[str]) -> int:
    """Measure, and write all values as JSON."""
    parser = argparse.ArgumentParser("measure.py", description=__doc__)
    add_options(parser)
    parser.add_argument("--user", default="bench")
    parser.add_argument("--password", default="bench")
    parser.add_argument("--json", type=Path, required=True, help="where to write all values")
    parser.add_argument("servers", nargs="+", type=server, metavar="NAME=PORT[=PATTERN]")
    given = parser.parse_args(arguments)
    values: dict[str, dict[str, list[float]]] = {one.name: {} for one in given.servers}
    failed = 0
    for turn in range(given.rounds):
        for kind in given.only.split(","):
            many = [int(text) for text in given.many.split(",")] if given.many else MANY.get(kind)
            counts = (given.megabytes, given.files, given.sessions, given.idle, given.burst)
            account = Account(given.user, given.password)
            sizes = Sizes(account, given.tls, *counts, many or [])
            for one in given.servers:
                print(f"round {turn + 1}: {kind} of {one.name}", flush=True)
                try:
                    for name, value in KINDS[kind](one, sizes):
                        values[one.name].setdefault(name, []).append(value)
                except (OSError, EOFError, Refused) as error:
                    failed = 1
                    print(f"{one.name} failed at {kind}: {error!r}", flush=True)
    given.json.write_text(json.dumps(values))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
