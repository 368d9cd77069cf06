"""The words for what the program knows: sizes, kinds, states and next steps."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dmaragent.addresses import SBDF
from dmaragent.iommu.model import Claim, DeviceKind
from dmaragent.iommu.no_table import Absence, AbsenceKind
from dmaragent.iommu.vtd import device_kind
from dmaragent.present.escaping import visible

if TYPE_CHECKING:  # decode, which takes no inventory, would import all of it
    from dmaragent.inventory import Region

_DEVICE_WORDS = {
    DeviceKind.FUNCTION: "PCI endpoint",
    DeviceKind.BRIDGE: "PCI sub-hierarchy",
    DeviceKind.IOAPIC: "IOAPIC",
    DeviceKind.HPET: "HPET",
    DeviceKind.ACPI_DEVICE: "ACPI namespace device",
}


_UNITS = ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))


def size_words(size: int) -> str:
    """Put a number of bytes into words, exactly: in the largest unit it is eighths of."""
    for shift, unit in _UNITS:
        if size >= 1 << shift and size % (1 << shift - 3) == 0:
            eighths = size >> shift - 3
            part = f"{eighths % 8 / 8:g}".removeprefix("0")
            return f"{eighths // 8}{part} {unit}"
    return count(size, "byte")


def region_size(region: "Region") -> str:
    """Put a region's size into words, or say why it has none."""
    return size_words(region.size) if region.range else "limit below base"


def rough_size_words(size: int) -> str:
    """Put a number of bytes into words, to a tenth of the largest unit; exactly where that is."""
    for shift, unit in _UNITS:
        if size >= 1 << shift:
            tenths = (size * 10 + (1 << shift - 1)) >> shift
            about = "" if size * 10 == tenths << shift else "about "
            part = f".{tenths % 10}" if tenths % 10 else ""
            return f"{about}{tenths // 10}{part} {unit}"
    return count(size, "byte")


def count(number: int, singular: str, plural: str = "") -> str:
    """Give ``1 region`` or ``2 regions``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def wrote(where: str, size: int) -> str:
    """Say what was written, in KiB; `where` can be shown."""
    return f"Wrote {where}: {-(-size >> 10)} KiB"


_HOST_WORDS = {
    "live": "This machine",
    "recorded": "Recorded machine",
    "directory": "Copied directory",
    "table": "Table",
    "acpidump": "acpidump text",
    "iasl": "iasl text",
    "iasl-fields": "iasl text",
    "hexdump-c": "hexdump -C text",
    "hexdump": "hexdump text",
    "xxd": "xxd text",
    "od": "od text",
    "format-hex": "Format-Hex text",
    "hex-dump": "Hex dump",
    "hex": "Hexadecimal text",
    "c-source": "Source with the table's bytes",
    "base64": "base64 text",
    "uuencode": "uuencoded text",
    "bundle": "Bundle",
    "archive": "Archive",
}


def host_words(kind: str, path: str) -> str:
    """Name a host as it was given: its kind, and the path, whatever is in it."""
    return f"{_HOST_WORDS[kind]} {visible(path)}".rstrip()


def scope_words(scope_type: int) -> str:
    """Name a device scope entry's type."""
    return _DEVICE_WORDS.get(device_kind(scope_type), f"scope type {scope_type}")


def device_words(claim: Claim) -> str:
    """Name what kind of device `claim` names."""
    kind = claim.path.type if claim.path else 0
    return _DEVICE_WORDS.get(claim.device, f"scope type {kind}")


def span_words(numbers: Iterable[int]) -> str:
    """Put ascending numbers into words like ``1-3 5``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


_ABSENCE_WORDS = {
    AbsenceKind.DENIED: (
        "the DMAR table is present but needs root: {}",
        "read it as root (sudo), or in the group dmaragent of dmaragent.service",
    ),
    AbsenceKind.FAILED: ("the DMAR table could not be read: {}", "look at what the error says"),
    AbsenceKind.NOT_COLLECTED: (
        "the DMAR table was not collected: this says nothing about the host",
        "copy /sys/firmware/acpi/tables/DMAR (RMAD in a Xen dom0) from the host as root",
    ),
    AbsenceKind.PVH_DOM0: (
        "the DMAR table is kept from this PVH dom0: {}",
        "the hypervisor's own list needs no table (read it as root); a PV dom0 shows it as RMAD",
    ),
    AbsenceKind.HIDDEN: (
        "the DMAR table is hidden from this kernel's sysfs, though it booted with it ({})",
        "look for acpi= options, or for a kernel without CONFIG_ACPI's table files",
    ),
    AbsenceKind.AMD: (
        "the DMAR table is absent: this is an AMD machine ({})",
        "IVRS tables are not decoded yet",
    ),
    AbsenceKind.ARM: (
        "there is no DMAR table: this is an Arm machine ({})",
        "look at /sys/kernel/iommu_groups/*/reserved_regions; IORT tables are not decoded",
    ),
    AbsenceKind.VIRTUAL_MACHINE: (
        "the DMAR table is absent: this is a virtual machine ({})",
        "run it on the host, or give this machine a virtual IOMMU",
    ),
    AbsenceKind.NO_ACPI: (
        "the DMAR table cannot be seen: this kernel shows no ACPI tables at all ({})",
        "boot without acpi=off; a container may hide /sys/firmware",
    ),
    AbsenceKind.VTD_OFF: (
        "the DMAR table is absent: VT-d is off in the firmware setup, or the machine has none",
        "switch on VT-d (Intel Virtualization Technology for Directed I/O) in the setup",
    ),
    AbsenceKind.UNKNOWN: (
        "the DMAR table is absent: no DMAR, RMAD or XMAR in /sys/firmware/acpi/tables",
        (
            "switch VT-d on in the firmware setup; a virtual machine, an AMD machine "
            "and a Xen PVH dom0 have no such table"
        ),
    ),
}


def absence_words(absence: Absence) -> tuple[str, str]:
    """Say why there is no table to answer from, and the next step."""
    what, hint = _ABSENCE_WORDS[absence.kind]
    if absence.kind is AbsenceKind.NOT_COLLECTED and absence.evidence:
        what = what.replace(" collected:", " collected ({}):")
    return what.format("; ".join(absence.evidence) or "no option says so"), hint


FIND_DEVICES = "lspci -D lists the functions of a host"


def no_device_words(sbdf: SBDF) -> str:
    """Say that a host has no such device."""
    return f"no function answers at {sbdf}, and no region names it"
