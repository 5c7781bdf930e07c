"""The checks of a distribution's kernel, where this machine can boot one (see ``tests/vm/run``)."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def missing() -> str:
    """Return what this machine lacks, as the reason of a skip; empty if nothing."""
    if os.environ.get("NLAN_VM"):
        return "this is the virtual machine"
    if os.geteuid() != 0:
        return "needs root to read FRR's files in the machine"
    for program in ("vng", "qemu-system-x86_64"):
        if shutil.which(program) is None:
            return f"{program} is not installed; see the head of tests/vm/run"
    return "" if glob.glob("/boot/vmlinuz-*") else "there is no kernel in /boot"


@pytest.mark.slow
@pytest.mark.lab
@pytest.mark.timeout(3600)
@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.skipif("NLAN_TEST_VM" not in os.environ, reason="takes ten minutes; NLAN_TEST_VM=1 runs it")
def test_checks_pass_on_a_distributions_kernel() -> None:
    script = Path(__file__).with_name("run")
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
