"""Words and documents about what is unknown, or odd: it never reads as a fact."""

import re

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.commands.shared.words.tables import decode_says_what_is_wrong
from dmaragent.host import join
from dmaragent.host.xen import XenHost
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.claims import Owner
from dmaragent.present.html.regions import regions_section
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.words.host import host_sentence, hypervisor_words, regions_words
from dmaragent.present.words.inventory import xen_cell
from dmaragent.present.words.region import distinct_owners, owners_label, owners_named, xen_view
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from support.amd_hosts import table_alone
from support.amd_inventories import WIDE, amd_inventory
from support.cli import check_document, run
from support.explained import bare
from support.inventories import inventory_of
from support.ivrs_tables import ENTRIES, ivhd, ivmd, ivrs
from support.machines import MACHINES
from support.tables import rmrr, scope

Capture = pytest.CaptureFixture[str]
UNKNOWN = Missing(MissingKind.NOT_COLLECTED)
WIDE_IDS = "00:00.0-0f:1f.7"
ELSEWHERE = ivmd(0x9618E000, 0x1000, kind=0x22, device=0x4000, auxiliary=0x40FF)
"""A block for 40:00.0-40:1f.7, where the desktop of `amd_inventory` has no device."""


def _alone(*blocks: bytes) -> Inventory:
    return take_inventory(table_alone(ivrs(ivhd(*ENTRIES), *blocks)))


def test_the_devices_of_a_table_alone_are_unknown_and_not_none() -> None:
    found = _alone(*WIDE)

    sentence = host_sentence(found)
    assert f"for {WIDE_IDS} (the PCI functions were not read" in sentence
    assert "for no device" not in sentence


def test_ids_of_which_no_device_is_present_are_named() -> None:
    found = amd_inventory(ELSEWHERE)

    assert "for 40:00.0-40:1f.7 (no such device is known" in host_sentence(found)


def test_a_table_with_devices_and_with_ids_has_both_in_its_sentence() -> None:
    found = _alone(ivmd(0x97D9D000, 0x1000, device=0x0100), *WIDE)

    assert f"for 1 device and for {WIDE_IDS}" in host_sentence(found)


def test_equal_paths_of_two_segments_are_two_devices() -> None:
    """Without the PCI functions, the addresses at the ends of both paths are unknown."""
    behind = scope(1, 0, (0x1C, 0), (0, 0))
    first = rmrr(0x7A000000, 0x7A00FFFF, behind)
    equal = rmrr(0x7B000000, 0x7B00FFFF, behind)
    other = rmrr(0x7C000000, 0x7C00FFFF, behind, segment=1)

    def owners(*structures: bytes) -> list[Owner]:
        return distinct_owners(take_inventory(join(collect(bare(*structures)))).regions)

    assert [owner.sbdf for owner in owners(first, other)] == [None, None]
    assert len(owners(first, equal)) == 1


def test_a_region_of_an_empty_device_scope_is_for_no_device() -> None:
    assert host_sentence(inventory_of(rmrr(0x7A000000, 0x7A00FFFF))).endswith("for no device.")


@pytest.mark.parametrize("name", ["xen-amd-bookworm", "qemu-amd-bookworm"])
def test_a_device_that_two_blocks_name_counts_once(name: str) -> None:
    found = take_inventory(join(collect(open_host(str(MACHINES / name)).reader)))
    devices = {owner.sbdf for region in found.regions for owner in region.owners}

    assert f"for {len(devices)} devices" in host_sentence(found)
    owners = re.findall(r"([0-9]+) owners?", regions_words(found))
    assert sum(map(int, owners)) == len(devices)


@pytest.mark.parametrize("found", [_alone(*WIDE), amd_inventory(ELSEWHERE)], ids=["alone", "host"])
def test_the_report_names_the_ids_of_a_region_without_a_known_device(found: Inventory) -> None:
    region = found.regions[0]
    (ids,) = {claim.as_written for claim in region.reserved.claims}
    page = str(regions_section(found))

    assert owners_label(region).startswith(ids)
    assert owners_named(region).startswith(ids)
    assert "no owner" not in owners_named(region)
    assert f"{ids}: none of these devices is known to be present" in page
    assert "device scope is empty" not in page


def test_regions_with_other_ids_are_two_rows_of_the_report() -> None:
    other = ivmd(0x97D9D000, 0x1000, kind=0x22, device=0x5000, auxiliary=0x50FF)
    page = str(regions_section(amd_inventory(ELSEWHERE, other)))

    assert "40:00.0-40:1f.7" in page
    assert "50:00.0-50:1f.7" in page


@pytest.mark.parametrize(
    ("version", "extra", "words"),
    [
        (None, ".7", "Xen, PV dom0"),
        ((4, 17), ".7", "Xen 4.17.7, PV dom0"),
        ((4, 17), None, "Xen 4.17, PV dom0"),
    ],
)
def test_a_point_release_follows_a_known_series_only(
    version: tuple[int, int] | None, extra: str | None, words: str
) -> None:
    xen = XenHost(
        dom0=True,
        guest_type="PV",
        release=None if version is None else Release(*version),
        extra=extra,
        command_line=None,
        capabilities=(),
        reserved_memory=UNKNOWN,
        device_reserved_memory=UNKNOWN,
        assignable=UNKNOWN,
    )
    found = inventory_of(rmrr(0x7A000000, 0x7A00FFFF))

    assert hypervisor_words(found._replace(host=found.host._replace(xen=xen))) == words


# Odd regions of an IVRS -----------------------------------------------------------------


def test_what_xen_makes_of_a_region_beyond_64_bits_does_not_depend_on_the_release() -> None:
    found = amd_inventory(ivmd(0xFFFFFFFFFFFFF000, 0x2000))
    view = found.regions[0].xen

    assert (view.listed, view.by_release) == (None, False)
    assert xen_cell(found.regions[0]) == "unknown"
    assert xen_view(found, found.regions[0]).startswith("unknown")


def test_a_region_that_releases_treat_differently_is_said_to_depend_on_them() -> None:
    table = MACHINES / "synthetic-am5-desktop/root/sys/firmware/acpi/tables/IVRS"
    found = take_inventory(table_alone(table.read_bytes()))
    view = found.regions[0].xen

    assert (view.listed, view.by_release) == (None, True)
    assert xen_cell(found.regions[0]) == "by release"


@pytest.mark.parametrize(
    ("start", "length", "limit"),
    [
        (0, 0, "0x0"),
        (0x1000, 0, "0xfff"),
        (0xFFFFFFFFFFFFF000, 0x2000, "0x10000000000000fff"),
        (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF, "0x1fffffffffffffffd"),
    ],
)
def test_the_limit_of_an_odd_region_fits_the_schema(start: int, length: int, limit: str) -> None:
    document = inventory_document(_alone(ivmd(start, length)), "table", "IVRS")

    check_document(document)
    (region,) = document["answer"]["regions"]
    assert (region["base"], region["limit"]) == (f"{start:#x}", limit)


# rmrr= ------------------------------------------------------------------------------------


def test_a_range_that_was_not_checked_is_not_said_to_be_accepted(capsys: Capture) -> None:
    text = "rmrr=0xd5d45=0:0:1d.0;0x5-0x2=0:0:1d.0"
    host = MACHINES / "synthetic-sosreport-without-table"

    head = run(capsys, "boot-option", "--check", text, "--host", host).out.splitlines()[0]

    assert head.startswith("Xen does not accept 1 of the 2 ranges of rmrr=")


def test_the_hint_on_a_table_of_this_machine_names_no_host() -> None:
    assert decode_says_what_is_wrong("").startswith("dmaragent decode shows")
    assert decode_says_what_is_wrong("a b").startswith("dmaragent decode --host 'a b' shows")
