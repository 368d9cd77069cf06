"""Rules about the I/O APICs and ACPI devices that IVHD blocks name."""

import re
from collections.abc import Callable, Iterator, Mapping

from dmaragent.checks.amd.effects import FIRMWARE, LOAD_TABLE, NO_PASSTHROUGH, XEN_OFF
from dmaragent.checks.amd.entries import xen_entries
from dmaragent.checks.amd.facts import IvrsFacts, LocatedEntry, entries_of
from dmaragent.checks.amd.fields import block_field, entry_evidence, entry_hit
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.xen.hypervisor.ivrs_entries import SOUTHBRIDGE
from fwtables import AnyIVHD, HidEntry, SpecialEntry, block_length, device_name
from fwtables.ivrs.constants import BlockType, UidFormat, Variety

_APIC = "Xen amd/iommu_acpi.c, parse_ivrs_table; Linux amd/init.c, check_ioapic_information"
_XEN_OFF_APIC = f"Xen switches AMD-Vi off (ENXIO): {NO_PASSTHROUGH}."
_NAME_IT = (
    "Update the firmware, or name the I/O APIC on the command line: ivrs_ioapic[ID]=00:14.0 (Xen, "
    "Linux)."
)
_NOT_CHECKED = "No effect: Xen's command line switches the check of I/O APICs off."
_OVERRIDDEN = "Unknown: ivrs_ioapic= on Xen's command line can name the I/O APIC."
_LOGGED = re.compile(r"IOAPIC\[(\d+)\] not in IVRS table", re.IGNORECASE)
_HID = re.compile(r"[A-Z]{3}[0-9A-F]{4}|[A-Z0-9]{4}[0-9A-F]{4}")
_UID_LENGTHS: Mapping[int, Callable[[int], bool]] = {
    UidFormat.NONE: lambda length: length == 0,
    UidFormat.INTEGER: lambda length: length == 8,
    UidFormat.TEXT: lambda length: length > 0,
}
"""By format of a UID: whether it can have a length."""


def _ioapics(facts: IvrsFacts) -> Iterator[tuple[LocatedEntry, SpecialEntry]]:
    for located in xen_entries(facts):
        entry = located.entry
        if isinstance(entry, SpecialEntry) and entry.variety == Variety.IOAPIC:
            yield located, entry


def _xen_case(facts: IvrsFacts) -> tuple[str, Severity | None]:
    """Return the effect on Xen of a wrong I/O APIC if Xen's command line changes it."""
    if not facts.overrides.checks_ioapics:
        return _NOT_CHECKED, Severity.WARNING
    if facts.overrides.names_ioapics:
        return _OVERRIDDEN, Severity.WARNING
    return "", None


@rule(
    "ivhd-southbridge-ioapic",
    Severity.CRITICAL,
    "No IVHD block names the southbridge's I/O APIC",
    xen=_XEN_OFF_APIC,
    linux="Linux uses no interrupt remapping, so VFIO refuses devices unless allow_unsafe_interrupts is "
    "set.",
    advice=_NAME_IT,
    details="Both look for an I/O APIC at 00:14.0, where AMD's southbridge has its own. "
    "With iommu=no-intremap Xen does not look. The ID is that of the MADT.",
    source=f"{_APIC}; Xen 06bbcaf48d (4.4)",
)
def southbridge_ioapic(facts: IvrsFacts) -> Iterator[Hit]:
    """Find a table whose blocks, of those that Xen uses, have no I/O APIC at 00:14.0."""
    if not facts.xen_ivhds:
        return
    ioapics = [(located.block, entry) for located, entry in _ioapics(facts)]
    if any(
        entry.source_device_id == SOUTHBRIDGE and not block.segment_number
        for block, entry in ioapics
    ):
        return
    others = ", ".join(dict.fromkeys(device_name(entry.source_device_id) for _, entry in ioapics))
    offset, block = facts.xen_ivhds[0]
    xen, severity = _xen_case(facts)
    yield Hit(
        message=f"No I/O APIC is at 00:14.0{f', only at {others}' if others else ''}.",
        brief="No I/O APIC is at 00:14.0.",
        subject="00:14.0",
        evidence=(
            block_field(facts, offset, block, "length", f"{block_length(block)} bytes of entries"),
        ),
        xen=xen,
        severity=severity,
    )


@rule(
    "ivhd-ioapic-twice",
    Severity.CRITICAL,
    "Two entries describe the same I/O APIC",
    xen=XEN_OFF,
    linux="Linux uses the first entry.",
    advice=FIRMWARE,
    details=f"The option ivrs_ioapic= of Xen and Linux decides as well. {LOAD_TABLE}",
    source="Xen amd/iommu_acpi.c, parse_ivhd_device_special; Linux amd/init.c, add_special_device",
)
def ioapic_twice(facts: IvrsFacts) -> Iterator[Hit]:
    """Find I/O APICs with two device IDs, or named twice, in the blocks that Xen uses."""
    seen: dict[int, tuple[LocatedEntry, tuple[int, int]]] = {}
    for located, entry in _ioapics(facts):
        place = (located.block.segment_number, entry.source_device_id)
        before, other = seen.setdefault(entry.handle, (located, place))
        if before is located:
            continue
        name, own = f"I/O APIC {entry.handle}", device_name(entry.source_device_id)
        if other == place:
            message = f"{name} is named twice, with the ID {own}."
            xen = "No effect: Xen only warns."
            severity: Severity | None = Severity.INFO
        else:
            message = f"{name} has the IDs {device_name(other[1])} and {own}."
            xen, severity = _xen_case(facts)
        yield Hit(
            message=message,
            subject=f"{name}: {own}",
            evidence=(
                entry_evidence(facts, before, name),
                entry_evidence(facts, located, name),
            ),
            xen=xen,
            linux="No effect." if other == place else "",
            severity=severity,
        )


@rule(
    "ivhd-ioapic-unknown",
    Severity.CRITICAL,
    "The table lacks an I/O APIC of the host",
    xen=_XEN_OFF_APIC,
    linux="Linux uses no interrupt remapping, so VFIO refuses devices unless allow_unsafe_interrupts is "
    "set.",
    advice="Update the firmware, or name it on the command line: ivrs_ioapic[ID]=BB:DD.F (Xen, Linux).",
    details="The kernel compared the table with the MADT, which dmaragent does not read. The other "
    "direction, an entry for an I/O APIC that the MADT does not have, switches AMD-Vi off as well and "
    "is not found.",
    source=_APIC,
    needs=[Need.BOOT_LOG],
)
def ioapic_unknown(facts: IvrsFacts) -> Iterator[Hit]:
    """Find I/O APICs that Linux did not find in the table."""
    logged = (_LOGGED.search(line) for line in facts.boot_log or ())
    named = {entry.handle for _, entry in _ioapics(facts)}
    for number in dict.fromkeys(int(found[1]) for found in logged if found):
        xen, severity = _xen_case(facts)
        if number in named:
            xen, severity = "No effect: the blocks that Xen uses name it.", Severity.ERROR
        yield Hit(
            message=f"The kernel does not find I/O APIC {number} in the table.",
            subject=f"I/O APIC {number}",
            xen=xen,
            severity=severity,
        )


@rule(
    "ivhd-special-unknown",
    Severity.CRITICAL,
    "A special device is neither an I/O APIC nor an HPET",
    xen=XEN_OFF,
    linux="Linux uses no IOMMU.",
    advice=FIRMWARE,
    details=LOAD_TABLE,
    source="Xen amd/iommu_acpi.c, parse_ivhd_device_special; Linux amd/init.c, add_special_device",
)
def special_unknown(facts: IvrsFacts) -> Iterator[Hit]:
    """Find special devices of an unknown variety in the blocks that Xen or Linux uses."""
    for located in sorted({*facts.xen_ivhds, *facts.linux_ivhds}, key=lambda own: own[0]):
        block = located[1]
        by_linux = facts.linux is not None and facts.linux.block_type == block.type
        unused = f"does not use blocks of type {block.type:#04x} of this table."
        for place in entries_of(*located):
            entry = place.entry
            if isinstance(entry, SpecialEntry) and entry.variety not in set(Variety):
                yield entry_hit(
                    facts,
                    place,
                    f"has a special device of variety {entry.variety}.",
                    f"variety {entry.variety}",
                    xen="" if block.type == facts.xen_type else f"No effect: Xen {unused}",
                    linux="" if by_linux else f"No effect: Linux {unused}",
                )


@rule(
    "ivhd-hid-unlikely",
    Severity.INFO,
    "The name of an ACPI device looks wrong",
    xen="No effect: Xen does not read ACPI devices.",
    linux="Linux may not match the ACPI device, so that it has no IOMMU.",
    advice="No action needed if the device works. Otherwise set ivrs_acpihid= (Linux).",
    details="An ACPI HID has three letters or four letters and digits, then four hexadecimal digits; those "
    "that begin with PNP have three. A UID that is a number has 8 bytes. Linux prints "
    '"No ACPI device matched UID" if only the UID is wrong.',
    source="ACPI 6.5, 6.1.5; Linux amd/init.c, init_iommu_from_acpi; amd/iommu.c, get_acpihid_device_id",
)
def hid_unlikely(facts: IvrsFacts) -> Iterator[Hit]:
    """Find ACPI HID entries of type 0x40 with an impossible HID or UID."""
    for offset, block in facts.blocks:
        if not isinstance(block, AnyIVHD) or block.type != BlockType.IVHD_WITH_HID:
            continue
        for located in entries_of(offset, block):
            entry = located.entry
            if isinstance(entry, HidEntry):
                hid = entry.hid.rstrip(b"\0 ").decode("latin-1")
                problems = list(_problems(hid, entry))
                if problems:
                    yield entry_hit(
                        facts, located, f"has {' and '.join(problems)}.", hid or "no HID"
                    )


def _problems(hid: str, entry: HidEntry) -> Iterator[str]:
    """Yield what is unlikely in an ACPI HID entry."""
    if not _HID.fullmatch(hid) or (hid.startswith("PNP") and len(hid) > 7):
        yield f"the HID {hid!r}"
    length = len(entry.uid)
    if entry.uid_format not in _UID_LENGTHS or not _UID_LENGTHS[entry.uid_format](length):
        yield f"a UID of format {entry.uid_format} and {length} bytes"


RULES: tuple[Rule, ...] = (
    southbridge_ioapic,
    ioapic_twice,
    ioapic_unknown,
    special_unknown,
    hid_unlikely,
)
