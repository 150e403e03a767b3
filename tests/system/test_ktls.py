# SPDX-License-Identifier: GPL-3.0-or-later
"""Downloads whose TLS records the kernel makes, under kernels of Debian that qemu emulates.

A machine of systemd-nspawn has the kernel of its host, which may lack the module `tls`.
"""

from __future__ import annotations

import os
import sys

import pytest
from machine import SUITES, run_once

WANTED = "FTPSD_TEST_KTLS"
SKIPPED = f"no kernel was booted and kernel TLS not tried: set {WANTED}=1 (needs about 6 minutes)"
SECONDS = 1500
"""An emulated processor is slow, and slower beside others."""

# The root is in use as it is: bound elsewhere, it is without what is mounted on it.
BOOT = """
INSIDE=/opt/src/tests/system/ktls_inside.py
mount --bind / /mnt
mkdir -p /opt/src/tests
cp -r /src/ftpsd /opt/src
cp -r /src/tests/served.py /src/tests/system /opt/src/tests
chmod 755 $INSIDE
truncate --size=2G /tmp/image
mke2fs -q -t ext4 -d /mnt /tmp/image
exec nice -n 19 qemu-system-x86_64 -accel tcg -cpu max -m 1G -nodefaults -display none \\
    -serial stdio -no-reboot -kernel /vmlinuz -initrd /initrd.img \\
    -drive file=/tmp/image,format=raw,if=virtio \\
    -append "console=ttyS0 quiet panic=-1 no_timer_check root=/dev/vda rw init=$INSIDE"
"""


@pytest.mark.skipif(os.environ.get(WANTED) != "1", reason=SKIPPED)
@pytest.mark.parametrize("suite", SUITES)
def test_a_kernel_that_makes_the_records_sends_whole_files(suite: str) -> None:
    done = run_once(f"kernel-{suite}", "sh", "-euc", BOOT, seconds=SECONDS)

    said = [line for line in done.stdout.splitlines() if line.startswith("ktls: ")]
    sys.stdout.write("\n".join(said))
    assert said[-1:] == ["ktls: all passed"], done.stdout + done.stderr
