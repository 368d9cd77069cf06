"""Each rule about the table and its units trips on its host, and not on the near miss."""

import re

import pytest

from dmaragent.checks import check
from dmaragent.checks.common import boot_log as logged
from dmaragent.checks.common.model import Finding, Rule
from dmaragent.checks.vtd import coverage, damage, references, reserved, table, units
from dmaragent.inventory import Inventory
from support import tables
from support.checked_units import CASES, host
from support.damaged import CASES as DAMAGED
from support.hosts import Function
from support.wording import Worded

MODULES = (table, damage, reserved, units, coverage, references, logged)
OURS: dict[str, Rule] = {each.id: each for module in MODULES for each in module.RULES}

EXPECTED: dict[str, tuple[tuple[str, str], ...]] = {
    "address-width-too-small": (("The table says that addresses have 11 bits.", "0x24=0a"),),
    "address-width-too-large": (("The table says 53 bits; no processor has over 52.", "0x24=34"),),
    "no-interrupt-remapping": (
        ("The flag INTR_REMAP is not set: interrupts of devices are not checked.", "0x25=04"),
    ),
    "x2apic-opt-out-alone": (
        ("X2APIC_OPT_OUT is set without INTR_REMAP, where it has no meaning.", "0x25=02"),
    ),
    "several-tables": (("Beside DMAR1 there is DMAR2 (96 bytes).", "0x0=444d415260000000"),),
    "renamed-by-xen": (("The table's signature is RMAD.", "0x0=524d4144"),),
    "no-unit": (("The table has 1 structure, none of which is a DRHD.", "0x4=50000000"),),
    "unknown-structure": (("A structure of type 7 (8 bytes).", "0x40=0700"),),
    "structure-order": (("RMRR 0x7dffd000 (type 1) stands after one of type 2.", "0x50=0100"),),
    "table-unreadable": (
        (
            "The bytes end here; the table's fixed part has 48 (offset 0x2f).",
            "0x0=444d415260000000",
        ),
    ),
    "table-length": (("The header says 65 bytes; there are 64 (offset 0x4).", "0x4=41000000"),),
    "structure-too-short": (
        ("ATSR: the structure's length is 0; the rest is not decoded (offset 0x62).", "0x62=0000"),
    ),
    "structure-past-end": (
        (
            "ATSR: the structure's 17 bytes end 1 past the table's end at 0x70; the rest is not decoded (offset 0x62).",
            "0x62=1100",
        ),
    ),
    "scope-too-short": (
        (
            "RMRR: the entry's length is 7; an entry has at least 8; the rest of the structure is not decoded (offset 0x59).",
            "0x59=07",
        ),
    ),
    "scope-past-structure": (
        (
            "RMRR: the entry's length is 10; its structure has 8 bytes left; the rest of the structure is not decoded (offset 0x59).",
            "0x59=0a",
        ),
    ),
    "scope-length-odd": (
        (
            "RMRR: the entry's length is 9, odd; its last byte belongs to no path step (offset 0x59).",
            "0x59=09",
        ),
    ),
    "structure-extra-bytes": (
        ("RHSA: 1 byte after the last field of an RHSA (offset 0x54).", "0x54=aa"),
    ),
    "bytes-after-structures": (
        ("3 bytes after the last structure's end (offset 0x40).", "0x40=010020"),
    ),
    "bytes-after-table": (("1 byte after the table's end (offset 0x60).", "0x60=ff"),),
    "checksum-wrong": (("The checksum is 0x30 and should be 0x31 (offset 0x9).", "0x9=30"),),
    "reserved-in-header": (
        ("Of the table's flags the reserved bits 0x8 are set.", "0x25=09"),
        (
            "The reserved bytes after the flags are 00 00 00 00 00 00 00 00 00 01.",
            "0x26=00000000000000000001",
        ),
    ),
    "reserved-in-structure": (
        ("DRHD 0xfed91000: of its flags the reserved bits 0x2 are set.", "0x34=03"),
        ("RMRR 0x7dffd000: its reserved bytes are 00 01.", "0x44=0001"),
        ("ATSR of segment 0x0: of its flags the reserved bits 0x4 are set.", "0x64=04"),
        ("RHSA 0xfed91000: its reserved bytes are 00 00 00 02.", "0x74=00000002"),
        ("SATC of segment 0x0: of its flags the reserved bits 0x2 are set.", "0x93=03"),
    ),
    "reserved-in-scope": (
        (
            "RMRR 0x7dffd000, 0000:00:1d.0: the reserved flags 0x10 of the scope entry are set.",
            "0x5a=10",
        ),
        ("RMRR 0x7dffd000, 0000:00:1d.0: the reserved byte of the scope entry is 02.", "0x5b=02"),
    ),
    "reserved-in-unit-size": (
        ("DRHD 0xfed91000: its size is 0x10; bits 7:4 are reserved.", "0x35=10"),
    ),
    "unit-without-address": (
        ("The DRHD of segment 0x0 has its registers at 0x0.", "0x38=0000000000000000"),
    ),
    "unit-unaligned": (
        ("DRHD 0xfed91800 is 0x800 bytes into a page of 4 KiB.", "0x38=0018d9fe00000000"),
    ),
    "unit-not-at-its-size": (
        ("DRHD 0xfed91000 has 0x2000 bytes of registers.", "0x38=0010d9fe00000000 0x35=01"),
    ),
    "unit-repeated": (
        (
            "DRHD 0xfed91000 stands at offset 0x30 (segment 0x0) and again at 0x48 (segment 0x0).",
            "0x38=0010d9fe00000000 0x50=0010d9fe00000000",
        ),
    ),
    "units-overlap": (
        (
            "The registers at 0xfed90000-0xfed91fff and at 0xfed91000-0xfed91fff overlap.",
            "0x38=0000d9fe00000000 0x50=0010d9fe00000000",
        ),
    ),
    "unit-in-ram": (
        (
            "The registers at 0xfed8f000-0xfed8ffff lie in 0x100000-0xfed8ffff, which the memory map calls System RAM.",
            "0x38=00f0d8fe00000000",
        ),
    ),
    "unit-beyond-width": (
        (
            "The registers at 0x400000000000-0x400000000fff are not within 46 bits.",
            "0x38=0000000000400000",
        ),
    ),
    "several-include-all": (
        (
            "In segment 0x0 2 units have INCLUDE_PCI_ALL: DRHD 0xfed90000, DRHD 0xfed91000.",
            "0x34=01 0x44=01",
        ),
    ),
    "several-include-all-elsewhere": (
        (
            "In segment 0x1 2 units have INCLUDE_PCI_ALL: DRHD 0xfed90000, DRHD 0xfed91000.",
            "0x34=01 0x44=01",
        ),
    ),
    "include-all-not-last": (("DRHD 0xfed91000 stands before DRHD 0xfed90000.", "0x34=01"),),
    "no-include-all": (("The one unit of segment 0x0 does not have INCLUDE_PCI_ALL.", "0x34=00"),),
    "device-without-unit": (
        (
            "0000:00:1d.0 is named by no unit's scope, and its segment's units have no INCLUDE_PCI_ALL.",
            "0x34=00",
        ),
    ),
    "unit-serves-nothing": (("DRHD 0xfed91000 of segment 0x0 has no scope.", "0x34=00"),),
    "device-in-two-units": (
        (
            "0000:00:1d.0 is in the scopes of DRHD 0xfed90000 and DRHD 0xfed91000.",
            "0x45=00 0x5d=00",
        ),
    ),
    "several-all-ports": (("2 ATSR structures of segment 0 have ALL_PORTS.", "0x44=01 0x4c=01"),),
    "atsr-not-root-port": (
        ("0000:00:1d.0 is no bridge.", "0x4d=00"),
        ("0000:01:00.0 is behind another bridge.", "0x55=00"),
    ),
    "rhsa-without-unit": (("No DRHD has its registers at 0xfed90000.", "0x48=0000d9fe00000000"),),
    "rhsa-contradicts": (
        ("RHSA 0xfed91000 gives proximity domain 0, and again 1.", "0x50=00000000 0x64=01000000"),
    ),
    "namespace-scope-without-andd": (("DRHD 0xfed91000 names ACPI device 1.", "0x44=01"),),
    "andd-unused": (("No DRHD's scope names ACPI device 1 (\\_SB.I2C0).", "0x67=01"),),
    "andd-name-unterminated": (
        ("The name of ACPI device 1 is 3 bytes, none of them NUL.", "0x50=5c4101"),
    ),
    "andd-repeated": (("ACPI device 1 is \\_SB.I2C0, and again \\B.", "0x4f=01 0x61=01"),),
    "dma-fault-logged": (
        (
            "0000:00:1d.0: refused once (write) at 0x7dffe000 (reason 0x05: PTE Write access is not set). That is in region 1, which names the device.",
            "0x48=00d0ff7d00000000 0x50=ffffff7d00000000",
        ),
    ),
    "firmware-bug-logged": (
        (
            'The kernel says: "Your BIOS is broken; bad RMRR [0x000000007dffd000-0x000000007dffffff]". That is region 1.',
            "0x48=00d0ff7d00000000 0x50=ffffff7d00000000",
        ),
    ),
}
"""By rule: what is said, and the evidence as offset=bytes."""


def _found(inventory: Inventory, name: str) -> list[Finding]:
    checked = check(inventory)
    assert name not in {each for one in checked.not_asked for each in one.rules}
    return [one for one in checked.findings if one.rule.id == name]


def test_every_rule_has_a_host_that_trips_it_and_one_that_does_not() -> None:
    assert set(CASES) == set(OURS) == set(EXPECTED)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_says_what_it_found_and_shows_the_bytes(name: str) -> None:
    found = [
        (
            one.hit.said,
            " ".join(f"{each.offset:#x}={each.data.hex()}" for each in one.hit.evidence),
        )
        for one in _found(CASES[name][0](), name)
    ]

    assert tuple(found) == EXPECTED[name]


@pytest.mark.parametrize("name", CASES)
def test_a_near_miss_trips_nothing(name: str) -> None:
    assert _found(CASES[name][1](), name) == []


def test_of_a_table_without_structures_no_number_of_them_is_told(worded: Worded) -> None:
    (one,) = _found(host(tables.table()), "no-unit")

    worded(one.hit.said)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_is_told_whole(name: str) -> None:
    rule = OURS[name]

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    for text in (rule.xen, rule.linux, rule.advice):
        assert text.endswith(".")
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.source


def _says_off(inventory: Inventory) -> bool:
    said = (one.xen for one in check(inventory).findings)
    off = ("Xen switches VT-d off", "From 4.19 on Xen switches VT-d off")
    return any(text.startswith(off) for text in said)


@pytest.mark.parametrize("name", CASES)
def test_what_switches_vtd_off_on_xen_is_what_the_inventory_predicts(name: str) -> None:
    inventory = CASES[name][0]()

    assert _says_off(inventory) == bool(inventory.xen.list.vtd_disabled)


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_switches_vtd_off_on_xen_where_the_inventory_predicts_it(name: str) -> None:
    inventory = host(DAMAGED[name].data, Function(sbdf="0000:00:1d.0"))
    why = inventory.xen.list.vtd_disabled

    off = bool(why) and "it overlaps the region" not in why  # that has a rule of its own

    assert _says_off(inventory) == off
