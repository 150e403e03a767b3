# SPDX-License-Identifier: GPL-3.0-or-later
"""A listing of many files has for each the line that it has alone."""

from __future__ import annotations

import os
from pathlib import Path

from asking import NOW, WHO, lines
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftpsd.protocol import listing
from ftpsd.protocol.facts import USUAL_FACTS
from ftpsd.worker.beneath import Root
from ftpsd.worker.lines import Facts, Names
from ftpsd.worker.rights import EVERYTHING

FILES = st.tuples(
    st.sampled_from([0o644, 0o600, 0o755, 0o4711, 0]),
    st.one_of(st.integers(0, 2**32), st.integers(NOW - 90, NOW), st.integers(-90, 90)),
    st.integers(0, 3000),
)
ODD = ("%s%d", "a b", "t\tab", "line\nfeed", "\udcff", "ä")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(made=st.lists(FILES, min_size=len(ODD), max_size=len(ODD)))
def test_every_line_is_that_of_its_file_alone(
    tmp_path: Path, made: list[tuple[int, int, int]]
) -> None:
    for name, (mode, modified, size) in zip(ODD, made, strict=True):
        path = tmp_path / name
        # one of an example before may be nobody's to write to
        path.unlink(missing_ok=True)
        path.touch()
        os.truncate(path, size)
        os.utime(path, (0, modified))
        path.chmod(mode)
    root = Root(str(tmp_path))
    wanted = ";".join(USUAL_FACTS)
    facts, above = Facts(wanted, EVERYTHING, of_directory=True), tmp_path.stat()
    every = lines(root, form="facts", facts=wanted)
    as_ls = lines(root, form="long")
    os.close(root.fd)
    found = {name: (tmp_path / name).lstat() for name in sorted(ODD, key=os.fsencode)}

    assert as_ls == [listing.long_line(WHO.entry(name, one), NOW) for name, one in found.items()]
    assert [line for line in every if not line.endswith((" .", " .."))] == [
        WHO.facts(WHO.entry(name, one), one, above, facts) for name, one in found.items()
    ]


def test_an_owner_with_a_percent_sign_is_shown_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    root = Root(str(tmp_path))
    odd = Names("50%s", "100%", read_only=False)
    shown = lines(root, names=odd, form="facts", facts="unix.owner;unix.group;")
    os.close(root.fd)

    assert shown[-1] == "unix.owner=50%s;unix.group=100%; file"
