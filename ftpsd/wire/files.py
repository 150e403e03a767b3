# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session may ask of its worker. Every path is the client's own: "/" is the user's root."""

from __future__ import annotations

from ftpsd.wire.message import (
    Bool,
    Call,
    Done,
    Fd,
    Int,
    Interface,
    Path,
    Refusal,
    Reply,
    Text,
    enumeration,
)

FileRefusal = str
FileKind = str
ListForm = str
WriteMode = str

enumeration(
    "FileRefusal",
    "not_found denied read_only forbidden exists not_directory is_directory not_regular not_empty "
    "no_space quota too_large name loop busy range too_many unsupported failed",
)
enumeration("FileKind", "file directory symlink other")
enumeration("ListForm", "long names facts")
enumeration("WriteMode", "store append unique")


class Refused(Refusal):
    """It cannot be done, for one of a closed list of reasons."""

    reason: FileRefusal


class Opened(Reply):
    """A regular file, open for reading."""

    file_fd: Fd
    size: Int


class Open(Call[Opened]):
    """Open a regular file for reading (RETR)."""

    path: Path


class Created(Reply):
    """A regular file, open for writing at the place asked for; `path` is where it is.

    Where it is `unfinished`, `Finish` has something to do; elsewhere it need not be asked.
    """

    file_fd: Fd
    path: Path
    unfinished: Bool


class Create(Call[Created]):
    """Open a regular file for writing, and make it if there is none.

    `store` writes over it, from an `offset` on (REST); `append` adds to its end; `unique` makes a
    new one, with a number before the extension where the name is taken (STOU). Nothing is cut off:
    the session does that when it has something to write.
    """

    path: Path
    mode: WriteMode
    offset: Int


class Finish(Call[Done]):
    """Say whether all has been written to what was created last. If so it is shown and synced.

    If not, or if nothing is said before the next `Create` or the end, it may be removed again.
    """

    whole: Bool


class Listing(Reply):
    """First the end of a pipe to read the listing from; at last, when all is written, nothing."""

    listing_fd: Fd | None = None


class List(Call[Listing]):
    """List a directory, or one file, or what a path with wildcards stands for.

    Lines end in CRLF. `facts` names the MLSD facts; `prefix` is the path as the client wrote it:
    NLST shows names so, and wildcards before a last "/" are for directories only. `hidden` are
    names that begin with a dot, `own` are "." and ".."; `human` sizes are short (-h).
    """

    MORE = True

    path: Path
    form: ListForm
    prefix: Text
    facts: Text
    hidden: Bool
    own: Bool
    recursive: Bool
    by_time: Bool
    by_size: Bool
    reverse: Bool
    itself: Bool
    classify: Bool
    human: Bool


class Described(Reply):
    """One file: kind, permission bits, bytes, modification in ns since 1970; `line` as in MLST."""

    kind: FileKind
    mode: Int
    size: Int
    modified: Int
    line: Text | None = None


class Describe(Call[Described]):
    """Look at one file; with `facts`, also make its MLST line, in which it is named by its path."""

    path: Path
    facts: Text | None = None


class Entered(Reply):
    """The user may work there; `message` is what there is to be told about the place."""

    message: Text


class Enter(Call[Entered]):
    """Ask whether the user may work in a directory (CWD)."""

    path: Path


class MakeDirectory(Call[Done]):
    """Make a directory (MKD)."""

    path: Path


class RemoveDirectory(Call[Done]):
    """Remove an empty directory (RMD)."""

    path: Path


class Remove(Call[Done]):
    """Remove anything but a directory (DELE)."""

    path: Path


class Progress(Reply):
    """How many files are done; `done` in the last reply."""

    count: Int
    done: Bool


class RemoveTree(Call[Progress]):
    """Remove a directory with all that is in it, never what a link leads to (SITE RMDIR)."""

    MORE = True

    path: Path


class Link(Call[Done]):
    """Make a symbolic link (SITE SYMLINK); wherever it points, it leads nowhere beyond the root."""

    target: Text
    path: Path


class Space(Reply):
    """Bytes that the file system has for the user, beyond KeepFree=; a quota may leave less."""

    available: Int


class GetSpace(Call[Space]):
    """Ask how much room there is in the file system of a path (AVBL)."""

    path: Path


class Rename(Call[Done]):
    """Give a file or directory another path (RNFR and RNTO); it replaces a file there."""

    path: Path
    new_path: Path


class SetMode(Call[Done]):
    """Set the permission bits (SITE CHMOD)."""

    path: Path
    mode: Int


class SetModified(Call[Done]):
    """Set the time of modification, in ns since 1970 (MFMT)."""

    path: Path
    modified: Int


class SetGroup(Call[Done]):
    """Give a file to another group the user is in (MFF)."""

    path: Path
    group: Int


class SetMask(Call[Done]):
    """Set which permission bits new files do not get (SITE UMASK)."""

    mask: Int


FILES = Interface(
    "org.ftpsd.Files",
    "A worker: the files of one user, for the session of that user.",
    (
        Open,
        Create,
        Finish,
        List,
        Describe,
        Enter,
        MakeDirectory,
        RemoveDirectory,
        RemoveTree,
        Remove,
        Link,
        GetSpace,
        Rename,
        SetMode,
        SetModified,
        SetGroup,
        SetMask,
    ),
    (Refused,),
)
