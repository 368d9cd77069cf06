"""Answers about AMD hosts in words and numbers that agree with each other."""

import pytest

from support.cli import run
from support.machines import MACHINES

Capture = pytest.CaptureFixture[str]
REFUSED = (
    "vfio-pci 0000:01:00.0: Firmware has requested this device have a 1:1 IOMMU mapping, rejecting "
    "configuring the device without a 1:1 mapping. Contact your platform vendor."
)
AM5, XEN = MACHINES / "synthetic-am5-desktop", MACHINES / "xen-amd-bookworm"


def _out(capsys: Capture, *arguments: object) -> str:
    return " ".join(run(capsys, *arguments).out.split())


def test_a_fix_that_removes_rdm_names_it_once(capsys: Capture) -> None:
    guest = AM5 / "guests/host.cfg"
    out = _out(capsys, "resolve", guest, "--host", AM5, "--xen", "4.20")

    assert "1 remove rdm= only the regions of the guest's own devices" in out


def test_regions_that_the_list_repeats_count_once(capsys: Capture) -> None:
    out = _out(capsys, "resolve", XEN / "guests/host.cfg", "--host", XEN)

    assert "none of its 8 regions (15 entries of Xen's list)" in out
    assert "moves RAM away from all of them" in out


def test_the_entries_of_the_list_are_counted_alike_by_every_verb(capsys: Capture) -> None:
    guest = AM5 / "guests/host.cfg"
    resolved = _out(capsys, "resolve", guest, "--host", AM5, "--xen", "4.20")
    checked = _out(capsys, "check", "--host", AM5)

    assert "Xen's list has 12,267 entries; libxl accepts 127 in a guest's memory map" in checked
    assert "adds 12,267" in resolved
    assert "libxl accepts 127" in resolved
    assert not any(wrong in checked for wrong in ("12267", "128 entries", "126"))


def test_the_label_of_regions_does_not_run_into_their_sizes(capsys: Capture) -> None:
    lines = run(capsys, "explain", "01:00.0", "--host", XEN).out.splitlines()

    assert "Regions 2, 4  2 IVMDs, 156 KiB" in lines
    assert any(line.startswith("Region 5      0x90500000") for line in lines)


def test_why_numbers_the_fixes_as_explain_ranks_them(capsys: Capture) -> None:
    why = _out(capsys, "why", REFUSED, "--host", AM5)
    explained = _out(capsys, "explain", "01:00.0", "--host", AM5)

    assert "1 Boot with a copy of the table" in explained
    assert "1. Replace the IVRS table" in why
    assert "For fix 1, the regions are --without 1" in why
    assert "2 Boot Linux 6.5 or older" in explained
    assert "2. Boot Linux 6.5 or older" in why
    assert "3 Disable pre-boot DMA protection" in explained
    assert "3. In the firmware setup" in why


def test_why_names_only_findings_that_the_check_of_the_host_has(capsys: Capture) -> None:
    why = _out(capsys, "why", REFUSED, "--host", AM5)

    assert "(ivmd-range-wide)" in why
    assert "ivmd-at-zero" not in why


@pytest.mark.parametrize("group", [7, 12])
def test_qemus_line_has_the_regions_and_their_coverage_as_the_kernels_has(
    group: int, capsys: Capture
) -> None:
    line = (
        "qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to setup "
        f"container for group {group}: Failed to set group container: Invalid argument"
    )
    why = _out(capsys, "why", line, "--host", AM5)

    assert "cover 00:00.0-0f:1f.7: 15 of 15 PCI functions of this host" in why
    assert "For fix 1, the regions are --without 1 --without 2 --without 3." in why


def test_a_map_for_reading_has_the_access_that_xen_grants(capsys: Capture) -> None:
    assert "Xen grants writing instead of reading" in _out(capsys, "check", "--host", XEN)


def test_the_first_page_names_the_regions_of_both_vendors() -> None:
    page = (MACHINES.parents[1] / "docs/index.md").read_text("utf-8")

    assert "RMRR on Intel, IVMD on AMD" in page


def test_an_older_kernel_is_explained_by_what_it_does(capsys: Capture) -> None:
    out = _out(capsys, "explain", "01:00.0", "--details", "--host", AM5)

    assert "Boot Linux 6.5 or older [Linux, firmware] Linux 6.5 and older do not refuse" in out


@pytest.mark.parametrize("verb", [["--tree"], ["--device", "01:00.0"]])
def test_a_unit_has_the_blocks_that_linux_and_xen_use_of_it(
    verb: list[str], capsys: Capture
) -> None:
    out = _out(capsys, "inventory", *verb, "--host", AM5)

    assert "Linux uses IVHD 0x40 at 0x128; Xen uses IVHD 0x11 at 0x74" in out


def test_preboot_protection_that_was_not_in_use_is_not_to_be_turned_off(capsys: Capture) -> None:
    off, on = _out(capsys, "check", "--host", XEN), _out(capsys, "check", "--host", AM5)

    assert "Turn off pre-boot DMA protection" not in off
    assert "Leave the region out (dmaragent encode --without)" in off
    assert "Turn off pre-boot DMA protection" in on
