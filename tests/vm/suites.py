"""Debian's suites that the lab boots, and what differs between them.

A suite gives a kernel, a hypervisor with its tools, and a root file system. Scenarios are written
once; what they need to know of a release is a field here.
"""

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/vm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite of Debian."""

    name: str
    debian: str
    """Debian's release, as people call it."""
    xen: str
    """The series of Xen whose packages it has."""
    runs_dmaragent: bool = True
    """Whether its Python is new enough; else the lab's own scripts run inside, dmaragent outside."""
    rmrrs_in_ram: bool = True
    """Whether its Xen keeps VT-d on if an RMRR is in RAM.

    If not, low RAM ends at 192 MiB, so the lab's RMRRs are in the hole below 4 GiB.
    Source: Xen xen/drivers/passthrough/vtd/dmar.c, ``acpi_parse_one_rmrr``, 4.19.
    """

    preempts: bool = False
    """Whether its kernel preempts a loop of its own (PREEMPT_LAZY): no watchdog then notices it."""

    @property
    def is_this_machines(self) -> bool:
        """Return whether this machine's own apt has its packages."""
        return self.name == _own_suite()

    @property
    def folder(self) -> Path:
        """Return where all that is made for it is kept."""
        return BUILD / self.name

    def apt(self) -> dict[str, str]:
        """Return the environment in which apt has its packages; read its lists once a day."""
        if self.is_this_machines:
            return dict(os.environ)
        return _apt(self.name, str(self.folder / "apt"))


BOOKWORM = Suite(name="bookworm", debian="12", xen="4.17")
BULLSEYE = Suite(name="bullseye", debian="11", xen="4.14", runs_dmaragent=False)
TRIXIE = Suite(name="trixie", debian="13", xen="4.20", rmrrs_in_ram=False)
SID = Suite(name="sid", debian="sid", xen="4.20", rmrrs_in_ram=False, preempts=True)
SUITES = (BULLSEYE, BOOKWORM, TRIXIE, SID)
"""By age: the columns of docs/truth.md."""


@cache
def _own_suite() -> str:
    for line in Path("/etc/os-release").read_text("utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return ""


@cache
def _apt(suite: str, folder: str) -> dict[str, str]:
    """Make an apt configuration of `suite` alone: nothing of this machine changes."""
    script = f'. {ROOT}/tests/support/suite.sh; use_suite "$1" "$2"'
    subprocess.run(["sh", "-eu", "-c", script, "suite", suite, folder], check=True)
    return {**os.environ, "APT_CONFIG": f"{folder}/apt.conf"}
