"""A fleet of Xen hosts of three releases, each with other regions: what `fleet` says, and xl did.

Each host is booted on its own.  The fleet is its document of this boot and the others' last ones, which
are kept with the records.  tests/test_truth_fleet.py compares the records of all hosts again.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vm import fleet
from vm.asking import CAPTURE, PRELUDE, bundle
from vm.dom0 import CPU, FILES, platform
from vm.firmware import with_structures
from vm.guests import files, seen
from vm.machine import Boot, Booted
from vm.suites import Suite
from vm.truth import Truth

SUITES = fleet.SUITES
IN_CI = ()
"""The records of its last run are compared in ``make test``; `make vm-all` runs it."""

LINE = "dom0_mem=1024M,max:1024M iommu=debug,verbose conring_size=512k"
"""Xen's command line."""
INSIDE = f"""{PRELUDE}
assign {fleet.USB} {fleet.NETWORK}
dump
has_dmaragent || sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 || fail "capture.sh"
python3 /share/guests.py || fail guests
"""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the recorded documents of all hosts, and the guests."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / fleet.POOL).mkdir()
    if fleet.DOCUMENTS.exists():
        shutil.copytree(fleet.DOCUMENTS, folder / fleet.POOL, dirs_exist_ok=True)
    fleet.write_guests(folder)
    return folder


@pytest.fixture(scope="module")
def machine(
    boot_xen: Callable[[Boot, str], Booted], suite: Suite, truth: Truth, pool: Path
) -> Booted:
    """Boot a host, and put its document into the fleet."""
    boot = Boot(
        name="fleet",
        suite=suite,
        platform=platform(suite),
        memory=2048,
        cpu=CPU,
        inside=INSIDE,
        files={**FILES, **CAPTURE, **files(fleet.GUESTS, {})},
        limit=1800,
    )
    booted = boot_xen(with_structures(boot, *fleet.RMRRS[suite.name]), LINE)
    document = bundle(booted)
    name = f"{suite.name}{''.join(document.suffixes)}"
    shutil.copyfile(document, pool / fleet.POOL / name)
    truth.documents[f"{fleet.DOCUMENTS.name}/{name}"] = document
    return booted


def test_guests_start_on_each_host_as_the_fleet_says(
    machine: Booted, pool: Path, truth: Truth
) -> None:
    section = truth.section(
        fleet.STARTS,
        """Left, `dmaragent fleet resolve`: its verdict for this host, in a fleet of Xen 4.14, 4.17
        and 4.20 with different tables. Right, `xl create`; a risk is what libxl or Xen logged. The
        guests with one setting have the lines of `fleet resolve --one-setting`, and their memory
        below 4 GiB is what it says and what hvmloader printed.""",
        "guest",
    )
    for name, verdict in fleet.starts(pool, machine.suite):
        section.row(fleet.named(name), verdict, fleet.started(seen(machine, name, 3)))
    for name in fleet.ONE_SETTING:
        found = seen(machine, f"{name}-one-setting", 3)
        section.row(fleet.memory_of(name), fleet.low_memory(name), f"{fleet.low_ram(found)} MiB")
    section.hold()


def test_the_one_setting_of_the_fleet_is_what_was_started(machine: Booted, pool: Path) -> None:
    if len(list((pool / fleet.POOL).iterdir())) == len(SUITES):
        found = fleet.one_settings(pool)
        lines = {name: tuple(each["lines"]) for name, each in found.items()}
        assert lines == fleet.ONE_SETTING
