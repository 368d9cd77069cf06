"""Readings that failed or were denied, if no other part of the join reports them.

An absent or uncollected reading is not a fault.  Neither is a denied kernel log: most users may
not read it, and answers that need it mention that themselves.
"""

from collections.abc import Iterator

from dmaragent.host import words
from dmaragent.host.parse import Problems
from dmaragent.readings import HostSnapshot, Missing, MissingKind, PciReading

_FAULTS = (MissingKind.FAILED, MissingKind.DENIED)
_Read = tuple[str, object]
"""The name of a reading, and the reading."""


def report_unreadable(snapshot: HostSnapshot, problems: Problems) -> None:
    """Add a sentence for each reading that exists and could not be read."""
    for what, reading in _readings(snapshot):
        if isinstance(reading, Missing) and reading.kind in _FAULTS:
            problems.missing(what, reading)


def _readings(snapshot: HostSnapshot) -> Iterator[_Read]:
    if snapshot.tables:  # without a table, the reason for its absence covers this
        yield "the list of ACPI tables", snapshot.acpi_tables
    yield "udev's list of PCI functions (names are then missing)", snapshot.udev
    if not isinstance(snapshot.pci, Missing):
        for function in snapshot.pci:
            yield from _of_function(function)
    if not isinstance(snapshot.iommu_groups, Missing):
        for group in snapshot.iommu_groups:
            yield words.part_of(f"IOMMU group {group.name}", "its name"), group.given_name
    yield from _of_memory(snapshot)
    yield from _of_system(snapshot)
    yield from _of_xen(snapshot)


def _of_function(reading: PciReading) -> Iterator[_Read]:
    if isinstance(reading.config, Missing):
        yield f"{reading.name}: its configuration space", reading.config
    if isinstance(reading.secondary_bus, Missing):
        yield f"{reading.name}: its secondary_bus_number", reading.secondary_bus
    if isinstance(reading.physical_function, Missing):
        yield f"{reading.name}: its physical function", reading.physical_function
    if isinstance(reading.total_vfs, Missing):
        yield f"{reading.name}: the number of its virtual functions", reading.total_vfs


def _of_memory(snapshot: HostSnapshot) -> Iterator[_Read]:
    entries = snapshot.memory_map
    if isinstance(entries, Missing):
        yield "the memory map in sysfs", entries
    else:
        for entry in entries:
            yield f"memory map entry {entry.name}: its type", entry.type
    log = snapshot.boot_log
    if isinstance(log, Missing) and log.kind is MissingKind.FAILED:
        yield "the boot log", log


def _of_system(snapshot: HostSnapshot) -> Iterator[_Read]:
    system = snapshot.system
    for name, value in system.dmi:
        yield f"the machine's {name}", value
    slots = system.slots
    if isinstance(slots, Missing):
        yield "the PCI slots", slots
    else:
        for name, address in slots:
            yield f"slot {name}: its address", address
    smbios = system.smbios_slots
    if isinstance(smbios, Missing):
        if smbios.kind is MissingKind.DENIED:  # join_slots reports a failure
            yield "the SMBIOS slots", smbios
    else:
        for number, raw in enumerate(smbios):
            yield f"SMBIOS slot {number}", raw
    yield "the processor's description", system.cpu
    yield words.KERNELS_RELEASE, system.kernel_release
    yield "the kernel's options", system.command_line
    yield words.UNSAFE_INTERRUPTS, system.unsafe_interrupts


def _of_xen(snapshot: HostSnapshot) -> Iterator[_Read]:
    xen = snapshot.xen
    yield "the kind of hypervisor", xen.hypervisor_type
    for what, part in zip(("major", "minor", "extra"), xen.version, strict=True):
        yield f"Xen's version ({what})", part
    yield words.GUEST_TYPE, xen.guest_type
    yield "the privileges of this domain (/proc/xen/capabilities)", xen.capabilities
    yield "the functions bound to pciback", xen.assignable
