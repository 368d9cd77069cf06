"""Hosts for the rules about AMD's table: one that trips each, and a near miss that does not."""

from dmaragent.inventory import Inventory, take_inventory
from support.checked_tables import Case
from support.damaged_ivrs import CASES as DAMAGED
from support.ivrs_inventories import (
    BASE,
    HOLE,
    SOUND,
    UNIT,
    amd_host,
    checked,
    of,
    taken,
    with_list,
)
from support.ivrs_tables import (
    ENTRIES,
    IV_INFO,
    acpi_device,
    alias,
    block,
    device_range,
    entry,
    ivhd,
    ivmd,
    ivrs,
    special,
)
from support.tables import patched, resummed


def _damaged(name: str) -> Inventory:
    return checked(DAMAGED[name].data)


def _apic_log(number: int) -> Inventory:
    log = f"[ 0.5] AMD-Vi: [Firmware Bug]: : IOAPIC[{number}] not in IVRS table\n"
    return taken(amd_host(ivrs(UNIT), log=log))


RANGE, ALIASES, IOAPIC, HPET = ENTRIES
_HID = acpi_device(b"AMDI0020", 0x00A5, b"\\_SB.FUR0")
_KEYBOARD = acpi_device(b"MSFT0201", 0x0060)
_WITH_HID = ivhd(*ENTRIES, _HID, kind=0x40)
_UNITY = 7
_CLEAR = IV_INFO & ~1
DAMAGE_CASES: dict[str, Case] = {
    "ivrs-unreadable": Case(
        trips=lambda: take_inventory(amd_host(ivrs(UNIT)[:40])),
        quiet=lambda: checked(ivrs(UNIT)[:48]),
        hits=("0x0=495652537c000000",),
    ),
    "ivrs-length": Case(
        trips=lambda: _damaged("header length too long"),
        quiet=lambda: of(SOUND),
        hits=("0x4=ad000000",),
    ),
    "ivrs-checksum": Case(
        trips=lambda: checked(patched(ivrs(UNIT, SOUND), [(10, b"P")])),
        quiet=lambda: checked(resummed(patched(ivrs(UNIT, SOUND), [(10, b"P")]))),
        hits=("0x9=03",),
    ),
    "ivrs-zero-length-block": Case(
        trips=lambda: of(block(0x51, bytes(8), length=0), SOUND),
        quiet=lambda: of(block(0x51, bytes(8)), SOUND),
        hits=("0x7e=0000",),
    ),
    "ivrs-block-without-header": Case(
        trips=lambda: of(block(0x51, bytes(8), length=3), SOUND),
        quiet=lambda: of(block(0x51, b""), SOUND),
        hits=("0x7e=0300",),
    ),
    "ivrs-block-past-end": Case(
        trips=lambda: of(block(0x51, bytes(28), length=33)),
        quiet=lambda: of(block(0x51, bytes(28), length=32)),
        hits=("0x7e=2100",),
    ),
    "ivrs-trailing-bytes": Case(
        trips=lambda: of(SOUND, b"\x51\x00\x04"),
        quiet=lambda: of(SOUND, b"\x51\x00\x04\x00"),
        hits=("0x9c=510004",),
    ),
    "ivrs-padded": Case(
        trips=lambda: checked(ivrs(UNIT, SOUND) + bytes(3)),
        quiet=lambda: of(SOUND, block(0x51, b"")),
        hits=("0x9c=000000",),
    ),
    "ivhd-cut": Case(
        trips=lambda: of(block(0x11, bytes(35))),
        quiet=lambda: of(block(0x41, bytes(35))),
        hits=("0x7e=2700",),
    ),
    "ivhd-entries-cut": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, entry(0x80, 1), kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES, entry(0x02, 1), kind=0x11))),
        hits=("0x7c=80",),
    ),
    "ivmd-cut": Case(
        trips=lambda: of(block(0x21, bytes(27))),
        quiet=lambda: of(block(0x21, SOUND[4:], flags=8)),
        hits=("0x7e=1f00",),
    ),
    "ivmd-extra-bytes": Case(
        trips=lambda: of(block(0x21, SOUND[4:] + b"\xaa", flags=8)),
        quiet=lambda: of(block(0x21, SOUND[4:], flags=8)),
        hits=("0x9c=aa",),
    ),
}
TABLE_CASES: dict[str, Case] = {
    "ivrs-no-ivhd": Case(
        trips=lambda: checked(ivrs(_WITH_HID, SOUND)),
        quiet=lambda: checked(ivrs(UNIT, _WITH_HID, SOUND)),
        hits=("0x4=bb000000",),
    ),
    "ivrs-efr-without-11": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES), iv_info=_CLEAR)),
        hits=("0x24=43302000",),
    ),
    "ivrs-address-size-zero": Case(
        trips=lambda: of(SOUND, iv_info=0x2801),
        quiet=lambda: of(SOUND, iv_info=0x102801),
        hits=("0x24=01280000",),
    ),
    "ivrs-duplicates-differ": Case(
        trips=lambda: checked(ivrs(UNIT, ivhd(*ENTRIES, base=0xFEB90000, kind=0x40))),
        quiet=lambda: checked(ivrs(UNIT, ivhd(*ENTRIES, entry(0), _HID, kind=0x40))),
        hits=("0x38=0000b8fe00000000 0x84=0000b9fe00000000",),
    ),
    "ivrs-unknown-block": Case(
        trips=lambda: of(SOUND, block(0x51, SOUND[4:], flags=8)),
        quiet=lambda: of(SOUND, SOUND),
        hits=("0x9c=51",),
    ),
    "ivhd-short": Case(
        trips=lambda: checked(ivrs(ivhd(RANGE, entry(0)), iv_info=_CLEAR)),
        quiet=lambda: checked(ivrs(ivhd(RANGE, IOAPIC), iv_info=_CLEAR)),
        hits=("0x32=2400",),
    ),
    "ivhd-zero-field": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, base=0, kind=0x11))),
        quiet=lambda: checked(ivrs(UNIT, ivhd(*ENTRIES, base=0, kind=0x40))),
        hits=("0x38=0000000000000000",),
    ),
    "ivhd-no-device": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, device=0x0100, kind=0x11))),
        quiet=lambda: checked(ivrs(UNIT, ivhd(*ENTRIES, device=0x0100, kind=0x40))),
        hits=("0x34=0001",),
    ),
    "ivhd-names-nothing": Case(
        trips=lambda: checked(ivrs(ivhd(IOAPIC, HPET, entry(3, 8), kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(IOAPIC, HPET, entry(2, 8), kind=0x11))),
        hits=("0x32=3c00",),
    ),
    "ivhd-all-entry": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, entry(1), kind=0x11))),
        quiet=lambda: checked(ivrs(UNIT, ivhd(*ENTRIES, entry(1), kind=0x40))),
        hits=("0x7c=01000000",),
    ),
    "ivhd-hid-in-fixed": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, _HID, kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES, _HID), UNIT, _WITH_HID)),
        hits=("0x7c=f0a50000414d444930303230000000000000000002095c5f53422e46555230",),
    ),
    "ivhd-unknown-entry": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, bytes([0x41]) + bytes(7), kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES, bytes([0x40]) + bytes(7), kind=0x11))),
        hits=("0x7c=4100000000000000",),
    ),
    "ivhd-range-broken": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, device_range(0x100, 0x100), kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES, device_range(0x100, 0x101), kind=0x11))),
        hits=("0x7c=03000100",),
    ),
    "ivhd-alias-unknown": Case(
        trips=lambda: checked(
            ivrs(ivhd(IOAPIC, entry(2, 0x100), alias(0x42, 0x101, 0x108), kind=0x11))
        ),
        quiet=lambda: checked(
            ivrs(ivhd(IOAPIC, entry(2, 0x100), alias(0x42, 0x101, 0x107), kind=0x11))
        ),
        hits=("0x64=4201010000080100",),
    ),
    "ivhd-southbridge-ioapic": Case(
        trips=lambda: checked(ivrs(ivhd(RANGE, special(1, 33, 0x00A1), HPET, kind=0x11))),
        quiet=lambda: checked(
            ivrs(ivhd(RANGE, special(1, 33, 0x00A1), special(1, 5, 0x00A0), kind=0x11))
        ),
        hits=("0x32=4000",),
    ),
    "ivhd-ioapic-twice": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, special(1, 33, 0x00A1), kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES, special(1, 34, 0x00A1), kind=0x11))),
        hits=("0x6c=4800000021a00001 0x7c=4800000021a10001",),
    ),
    "ivhd-ioapic-unknown": Case(
        trips=lambda: _apic_log(9),
        quiet=lambda: taken(
            amd_host(ivrs(UNIT), log="[ 0.5] AMD-Vi: Interrupt remapping enabled\n")
        ),
        hits=("",),
    ),
    "ivhd-special-unknown": Case(
        trips=lambda: checked(ivrs(ivhd(*ENTRIES, special(3, 0, 0x00A0), kind=0x11))),
        quiet=lambda: checked(ivrs(ivhd(*ENTRIES, special(2, 1, 0x00A0), kind=0x11))),
        hits=("0x7c=4800000000a00003",),
    ),
    "ivhd-hid-unlikely": Case(
        trips=lambda: of(ivhd(*ENTRIES, acpi_device(b"PNPD0040", 0x99), kind=0x40)),
        quiet=lambda: of(ivhd(*ENTRIES, acpi_device(b"PNP0D40\0", 0x99), kind=0x40)),
        hits=("0xc8=f0990000504e50443030343000000000000000000000",),
    ),
}
IVMD_CASES: dict[str, Case] = {
    "ivmd-flags-none": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, flags=6)),
        quiet=lambda: of(ivmd(BASE, 0x1000, flags=7)),
        hits=("0x7d=06",),
    ),
    "ivmd-flags-both": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, flags=9)),
        quiet=lambda: of(ivmd(BASE, 0x1000, flags=8)),
        hits=("0x7d=09",),
    ),
    "ivmd-one-way": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, flags=3)),
        quiet=lambda: of(ivmd(BASE, 0x1000, flags=0x0A)),
        hits=("0x7d=03",),
    ),
    "ivmd-at-zero": Case(
        trips=lambda: of(ivmd(0, 1)),
        quiet=lambda: of(ivmd(0x1000, 1)),
        hits=("0x8c=0000000000000000 0x94=0100000000000000",),
    ),
    "ivmd-length-tiny": Case(
        trips=lambda: of(ivmd(BASE, 0xFFF)),
        quiet=lambda: of(ivmd(BASE, 0x1000)),
        hits=("0x94=ff0f000000000000",),
    ),
    "ivmd-zero-length": Case(
        trips=lambda: of(ivmd(BASE, 0)),
        quiet=lambda: of(ivmd(BASE, 1)),
        hits=("0x8c=0000009a00000000 0x94=0000000000000000",),
    ),
    "ivmd-wraps": Case(
        trips=lambda: of(ivmd((1 << 64) - 0x1000, 0x2000)),
        quiet=lambda: of(ivmd((1 << 64) - 0x3000, 0x2000)),
        hits=("0x8c=00f0ffffffffffff 0x94=0020000000000000",),
    ),
    "ivmd-unaligned": Case(
        trips=lambda: of(ivmd(BASE + 0x800, 0x1800)),
        quiet=lambda: of(ivmd(BASE, 0x800)),
        hits=("0x8c=0008009a00000000 0x94=0018000000000000",),
    ),
    "ivmd-too-high": Case(
        trips=lambda: of(ivmd((1 << 48) - 0x1000, 0x1001)),
        quiet=lambda: of(ivmd((1 << 48) - 0x1000, 0x1000)),
        hits=("0x24=43302000 0x8c=00f0ffffffff0000 0x94=0110000000000000",),
    ),
    "ivmd-segment": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, reserved=b"\1" + bytes(7))),
        quiet=lambda: of(ivmd(BASE, 0x1000)),
        hits=("0x84=0100000000000000",),
    ),
    "ivmd-in-ram": Case(
        trips=lambda: of(ivmd(0x7AFFF000, 0x2000)),
        quiet=lambda: of(ivmd(0x7B000000, 0x2000)),
        hits=("0x8c=00f0ff7a00000000 0x94=0020000000000000",),
    ),
    "ivmd-in-nvs": Case(
        trips=lambda: of(ivmd(0x7B000000, 0x2000)),
        quiet=lambda: of(ivmd(HOLE, 0x2000)),
        hits=("0x8c=0000007b00000000 0x94=0020000000000000",),
    ),
    "ivmd-not-reserved": Case(
        trips=lambda: of(ivmd(HOLE, 0x2000)),
        quiet=lambda: of(ivmd(0x7B000000, 0x2000)),
        hits=("0x8c=0000007c00000000 0x94=0020000000000000",),
    ),
    "ivmd-range-inverted": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x100, auxiliary=0x100)),
        quiet=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x100, auxiliary=0x101)),
        hits=("0x80=0001 0x82=0001",),
    ),
    "ivmd-id-unknown": Case(
        trips=lambda: checked(
            ivrs(ivhd(IOAPIC, entry(2, 0x100), kind=0x11), ivmd(BASE, 0x1000, device=0x108))
        ),
        quiet=lambda: checked(
            ivrs(ivhd(IOAPIC, entry(2, 0x100), kind=0x11), ivmd(BASE, 0x1000, device=0x107))
        ),
        hits=("0x68=0801",),
    ),
    "ivmd-no-iommu": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, device=0x0000)),
        quiet=lambda: of(ivmd(BASE, 0x1000, device=0x0008)),
        hits=("0x80=0000",),
    ),
    "ivmd-before-ivhd": Case(
        trips=lambda: checked(ivrs(SOUND, UNIT)),
        quiet=lambda: checked(ivrs(ivmd(BASE, 0x28000, kind=0x20), UNIT)),
        hits=("0x34=0001",),
    ),
    "ivmd-range-wide": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x0100, auxiliary=0x0200)),
        quiet=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x0100, auxiliary=0x01FF)),
        hits=("0x80=0001 0x82=0002",),
    ),
    "ivmd-absent-device": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, device=0x0060), ivhd(*ENTRIES, _KEYBOARD, kind=0x40)),
        quiet=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x0060, auxiliary=0x61)),
        hits=("0x80=6000",),
    ),
    "ivmd-shadows-ivhd": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, kind=0x23, device=2, auxiliary=0x40)),
        quiet=lambda: of(ivmd(BASE, 0x1000, kind=0x23, device=2, auxiliary=0x40), _WITH_HID),
        hits=("0x34=0200 0x80=0200",),
    ),
    "ivmd-overlap": Case(
        trips=lambda: of(ivmd(BASE, 0x2000, flags=7), ivmd(BASE + 0x1000, 0x2000, flags=7)),
        quiet=lambda: of(ivmd(BASE, 0x2000, flags=7), ivmd(BASE, 0x2000, flags=7)),
        hits=(
            "0x8c=0000009a00000000 0x94=0020000000000000 0xac=0010009a00000000 0xb4=0020000000000000",
        ),
    ),
    "ivmd-second-exclusion": Case(
        trips=lambda: of(ivmd(BASE, 0x1000), ivmd(BASE + 0x2000, 0x1000)),
        quiet=lambda: of(ivmd(BASE, 0x1000), ivmd(BASE + 0x1000, 0x1000)),
        hits=("0xac=0020009a00000000 0xb4=0010000000000000",),
    ),
    "ivmd-many-entries": Case(
        trips=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x100, auxiliary=0x17E)),
        quiet=lambda: of(ivmd(BASE, 0x1000, kind=0x22, device=0x100, auxiliary=0x17D)),
        hits=("",),
    ),
    "ivmd-hvmloader": Case(
        trips=lambda: of(ivmd(0xFC100000, 0x1000)),
        quiet=lambda: of(ivmd(0xFC0F0000, 0x1000)),
        hits=("0x8c=000010fc00000000 0x94=0010000000000000",),
    ),
    "ivmd-below-1mib": Case(
        trips=lambda: of(ivmd(0xFF000, 0x1000)),
        quiet=lambda: of(ivmd(0x7B000000, 0x1000)),
        hits=("0x8c=00f00f0000000000 0x94=0010000000000000",),
    ),
    "ivmd-unlisted": Case(
        trips=lambda: with_list(of(SOUND)),
        quiet=lambda: with_list(of(SOUND), (BASE >> 12, 0x28)),
        hits=("0x8c=0000009a00000000 0x94=0080020000000000",),
    ),
}
FAULT = (
    "[ 9.1] vfio-pci 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000c "
    "address=0x9a000000 flags=0x0020]\n"
)
LOG_CASES: dict[str, Case] = {
    "amd-dma-fault-logged": Case(
        trips=lambda: taken(amd_host(ivrs(UNIT, SOUND), log=FAULT)),
        quiet=lambda: taken(amd_host(ivrs(UNIT, SOUND), log="[ 0.5] AMD-Vi: X2APIC enabled\n")),
        hits=("0x8c=0000009a00000000 0x94=0080020000000000",),
    ),
}
CASES = {**LOG_CASES, **DAMAGE_CASES, **TABLE_CASES, **IVMD_CASES}
"""By rule id."""
