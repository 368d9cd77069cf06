"""The words for what the program knows: sizes, kinds, states and next steps."""

from collections.abc import Iterable

from dmaragent.snapshot import Missing, MissingKind, TableReading
from fwtables.constants import ScopeType

_SCOPE_WORDS = {
    ScopeType.PCI_ENDPOINT: "PCI endpoint",
    ScopeType.PCI_SUB_HIERARCHY: "PCI sub-hierarchy",
    ScopeType.IOAPIC: "IOAPIC",
    ScopeType.MSI_CAPABLE_HPET: "HPET",
    ScopeType.ACPI_NAMESPACE_DEVICE: "ACPI namespace device",
}


_UNITS = ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))


def size_words(size: int) -> str:
    """Put a number of bytes into words, exactly: in the largest unit it is eighths of."""
    for shift, unit in _UNITS:
        if size >= 1 << shift and size % (1 << shift - 3) == 0:
            return f"{size / (1 << shift):.10g} {unit}"
    return count(size, "byte")


def rough_size_words(size: int) -> str:
    """Put a number of bytes into words, to a tenth of the largest unit; exactly where that is."""
    for shift, unit in _UNITS:
        if size >= 1 << shift:
            exact = size * 10 % (1 << shift) == 0
            return f"{'' if exact else 'about '}{round(size / (1 << shift), 1):g} {unit}"
    return count(size, "byte")


def count(number: int, singular: str, plural: str = "") -> str:
    """Give ``1 region`` or ``2 regions``."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def scope_words(scope_type: int) -> str:
    """Name a device scope entry's type."""
    words = {int(kind): text for kind, text in _SCOPE_WORDS.items()}
    return words.get(scope_type, f"scope type {scope_type}")


def scope_code(scope_type: int) -> str | int:
    """Give a scope entry's type for documents: the specification's name, or the number."""
    names = {int(kind): kind.name for kind in ScopeType}
    return names.get(scope_type, scope_type)


def span_words(numbers: Iterable[int]) -> str:
    """Put ascending numbers into words like ``1-3 5``."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def no_table_words(
    missing: Missing, reading: TableReading | None, acpi_tables: tuple[str, ...] | Missing
) -> tuple[str, str]:
    """Say why there is no table to answer from, and the next step."""
    if missing.kind is MissingKind.DENIED:
        path = reading.path if reading else "/sys/firmware/acpi/tables"
        return f"the DMAR table is present but needs root: {path}", "run it as root (sudo)"
    if missing.kind is MissingKind.FAILED:
        path = reading.path if reading else "/sys/firmware/acpi/tables"
        return f"the DMAR table could not be read: {path}: {missing.detail}", ""
    if missing.kind is MissingKind.NOT_COLLECTED:
        return (
            "the DMAR table was not collected: this says nothing about the host",
            "copy /sys/firmware/acpi/tables/DMAR (RMAD in a Xen dom0) from the host as root",
        )
    if not isinstance(acpi_tables, Missing) and "IVRS" in acpi_tables:
        return (
            "the DMAR table is absent: this is an AMD machine (IVRS is there)",
            "IVRS tables are not decoded yet",
        )
    return (
        "the DMAR table is absent: no DMAR, RMAD or XMAR in /sys/firmware/acpi/tables",
        (
            "switch VT-d on in the firmware setup; a virtual machine, an AMD machine "
            "and a Xen PVH dom0 have no such table"
        ),
    )
