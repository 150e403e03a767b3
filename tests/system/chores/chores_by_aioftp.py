# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a chore with Python's aioftp; called as net_ftp.pl is."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aioftp  # type: ignore[import-not-found]


async def go_on_down(client: aioftp.Client, name: str) -> None:
    with Path(name).open("ab") as file:
        async with client.download_stream(name, offset=file.tell()) as stream:
            async for block in stream.iter_by_block():
                file.write(block)


async def go_on_up(client: aioftp.Client, name: str) -> None:
    there = int((await client.stat(name))["size"])
    async with client.upload_stream(name, offset=there) as stream:
        await stream.write(Path(name).read_bytes()[there:])


async def show(client: aioftp.Client) -> None:
    for path, _ in await client.list():
        print(path)  # noqa: T201


async def rename(client: aioftp.Client, names: list[str]) -> None:
    for old, new in zip(names[::2], names[1::2], strict=True):
        await client.rename(old, new)


def on_each(client: aioftp.Client, chore: str) -> Callable[[str], Awaitable[None]]:
    copy: dict[str, Callable[..., Awaitable[None]]] = {
        **dict.fromkeys(("get", "gettree"), client.download),
        **dict.fromkeys(("put", "puttree"), client.upload),
    }
    if chore in copy:
        return lambda name: copy[chore](name, name, write_into=True)
    others: dict[str, Callable[[str], Awaitable[None]]] = {
        "reget": functools.partial(go_on_down, client),
        "reput": functools.partial(go_on_up, client),
        "delete": client.remove_file,
        "rmtree": client.remove,
    }
    return others[chore]


async def do(client: aioftp.Client, chore: str, names: list[str]) -> None:
    if chore == "list":
        await show(client)
    elif chore == "rename":
        await rename(client, names)
    else:
        for name in names:
            await on_each(client, chore)(name)


async def main() -> None:
    host, user, directory, chore, *names = sys.argv[1:]
    logging.basicConfig(level=logging.DEBUG)
    async with aioftp.Client.context(
        host, user=user, password=sys.stdin.read(), socket_timeout=20
    ) as client:
        await client.change_directory(directory)
        await do(client, chore, names)


if __name__ == "__main__":
    asyncio.run(main())
