"""Hosts of three releases of Xen with different regions, and the guests that are started on each.

The documents of the hosts are kept with the records, so the fleet is asked again without booting.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from support.tables import rmrr
from vm.dom0 import ABSENT, ON_BUS_80, UHCI
from vm.guests import Outcome, files
from vm.ingredients import LabError
from vm.suites import BOOKWORM, BULLSEYE, TRIXIE, Suite
from vm.truth import RECORDS

SUITES = (BULLSEYE, BOOKWORM, TRIXIE)
STARTS = "Fleet: guests on hosts of three releases"
"""The section of the page."""
POOL = "pool"
DOCUMENTS = RECORDS / "fleet"
"""A document for each host that was booted."""
RMRRS: Mapping[str, tuple[bytes, ...]] = {
    "bullseye": (
        rmrr(0x1C001000, 0x1C001FFF, UHCI),
        rmrr(0x13345000, 0x13347FFF, ON_BUS_80, ABSENT),
    ),
    "bookworm": (
        rmrr(0x14801000, 0x14801FFF, UHCI),
        rmrr(0x1D345000, 0x1D347FFF, ON_BUS_80),
    ),
    "trixie": (
        rmrr(0x11801000, 0x11801FFF, UHCI),
        rmrr(0x12345000, 0x12347FFF, ON_BUS_80),
    ),
}
"""By suite.  The RAM of a guest ends at 392 MiB (0x18800000), so some are above it."""
USB, NETWORK = "00:1a.0", "81:00.0"
ONE_SETTING: Mapping[str, tuple[str, ...]] = {
    "usb": ("mmio_hole = 3816",),
    "network": ("mmio_hole = 3806", f'pci = [ "{NETWORK},rdm_policy=relaxed" ]'),
}
"""By guest, the lines that `fleet resolve --one-setting` prints for these hosts.

They are written here because each host is booted on its own; the comparison is with what is printed.
"""
_USB = f"pci = ['{USB},rdm_policy=strict']"
GUESTS: Mapping[str, tuple[str, ...]] = {
    "bare": (),
    "usb": (_USB,),
    "network": (f"pci = ['{NETWORK},rdm_policy=strict']",),
    "usb-one-setting": (_USB, *ONE_SETTING["usb"]),
    "network-one-setting": ONE_SETTING["network"],
}
"""By name, what a configuration has besides."""


def asked(folder: Path, *words: str) -> dict[str, Any]:
    """Return the answer of `dmaragent fleet`, asked in a folder."""
    program = "import sys; from dmaragent.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "fleet", *words, "--no-cache", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise LabError(f"dmaragent fleet {' '.join(words)}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)["answer"]
    return found


def write_guests(folder: Path) -> None:
    """Write the configurations into a folder."""
    for path, data in files(GUESTS, {}).items():
        (folder / path.rpartition("/")[2]).write_bytes(data)


def named(name: str) -> str:
    """Return a guest's name with what its configuration has besides."""
    return f"{name}: {', '.join(GUESTS[name]) or 'nothing'}"


def memory_of(name: str) -> str:
    """Return the name of the row about the memory of a guest with one setting."""
    return f"{name}-one-setting: memory below 4 GiB"


# What is predicted -------------------------------------------------------------------------


def starts(folder: Path, suite: Suite) -> Iterator[tuple[str, str]]:
    """Yield each guest with the fleet's verdict on the host of a suite."""
    answer = asked(folder, "resolve", *(f"{name}.cfg" for name in GUESTS), "--on", POOL)
    for guest in answer["guests"]:
        (found,) = (each for each in guest["verdicts"] if suite.name in each["hosts"])
        risk = found["verdict"] == "starts" and found["risk"]
        yield guest["guest"], _words(found["verdict"], risk=risk)


def one_settings(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the setting for all hosts, by guest."""
    answer = asked(
        folder, "resolve", *(f"{name}.cfg" for name in ONE_SETTING), "--on", POOL, "--one-setting"
    )
    return {each["guest"]: each for each in answer["one_setting"]}


def low_memory(name: str) -> str:
    """Return the memory below 4 GiB that one setting leaves to a guest."""
    (hole,) = (line for line in ONE_SETTING[name] if line.startswith("mmio_hole"))
    return f"{4096 - int(hole.partition('=')[2])} MiB"


# What was seen -----------------------------------------------------------------------------


def started(outcome: Outcome) -> str:
    """Return what a guest did, in the words of the fleet's verdict."""
    if not outcome.starts:
        return "refused"
    return _words("starts", risk=bool(outcome.words))


def low_ram(outcome: Outcome) -> int:
    """Return how much memory a guest has below 4 GiB, in MiB from 0 to its end."""
    ends = [int(line.split()[0].partition("-")[2], 16) + 1 for line in outcome.map if "RAM" in line]
    return max(end for end in ends if end <= 1 << 32) >> 20


def _words(verdict: str, *, risk: bool) -> str:
    return f"{verdict}, with a risk" if risk else verdict
