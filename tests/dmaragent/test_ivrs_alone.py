"""Answers from an IVRS without its host: what is unknown is not said to be absent."""

from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
TABLE = MACHINES / "synthetic-am5-desktop/root/sys/firmware/acpi/tables/IVRS"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "ivrs.aml"
    path.write_bytes(TABLE.read_bytes())
    return path


def _words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("verb", [["inventory"], ["inventory", "--details"], ["devices"]])
def test_regions_name_devices_that_were_not_read(
    verb: list[str], table: Path, capsys: Capture
) -> None:
    out = _words(run(capsys, *verb, "--host", table).out)

    assert "o region names a device" not in out
    assert "the PCI functions were not read. The regions name 00:00.0-0f:1f.7" in out


def test_a_check_without_a_command_line_asks_for_the_option_of_the_vendor(
    table: Path, capsys: Capture
) -> None:
    intel = MACHINES / "hp-dl380e-gen8"

    assert "--check 'ivmd=...'" in _words(
        run(capsys, "boot-option", "--check", "--host", table).err
    )
    assert "--check 'rmrr=...'" in _words(
        run(capsys, "boot-option", "--check", "--host", intel).err
    )


@pytest.mark.parametrize("options", [[], ["--details"]])
def test_what_depends_on_the_release_is_said_once_for_a_region(
    options: list[str], table: Path, capsys: Capture
) -> None:
    out = _words(run(capsys, "inventory", *options, "--host", table).out)

    assert "Xen 4.18.4 to the last 4.18" in out
    assert "it depends on the release" not in out
    assert ".x" not in out


def test_a_device_that_was_not_read_has_the_regions_of_the_table(
    table: Path, capsys: Capture
) -> None:
    line = (
        "vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting "
        "configuring the device without a 1:1 mapping. Contact your platform vendor."
    )
    out = _words(run(capsys, "why", line, "--host", table).out)

    assert "0000:01:00.0: presence unknown, because the devices of this host were not read." in out
    assert "The table names it for regions 1-3." in out


def test_the_tree_has_the_device_ids_that_a_unit_serves(table: Path, capsys: Capture) -> None:
    out = _words(run(capsys, "inventory", "--tree", "--host", table).out)

    assert "device IDs 00:01.0-ff:1f.6, " in out
    assert "device IDs" not in _words(
        run(capsys, "inventory", "--tree", "--host", MACHINES / "synthetic-am5-desktop").out
    )
