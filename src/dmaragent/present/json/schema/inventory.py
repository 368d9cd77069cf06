"""The types of docs/schema/inventory.v2.json."""

from typing import Annotated, Literal, NotRequired, TypedDict

from dmaragent.linux.view import LinuxState
from dmaragent.present.json.schema.common import (
    PUBLISHED,
    Count,
    Ordinal,
    Prose,
    PublishedHostOrigin,
    Range,
    Release,
    Sbdf,
)
from dmaragent.present.json.schema.regions import Absence, Group, Published, Region, Unit
from dmaragent.readings import MissingKind
from dmaragent.xen.reserved_list.model import ListSource
from dmaragent.xen.reserved_list.model import Origin as ListOrigin
from fwtables.schema import Damage


class Source(TypedDict):
    """A reading of a collector's report, and the file that has it."""

    reading: str
    """The name of the reading, such as PCI functions, machine, boot log or memory map."""
    file: str
    """The file's path in the report; if the file has several commands, also the command, in
    parentheses."""


class Origin(PublishedHostOrigin):
    """Which host the answer is about."""

    sources: NotRequired[list[Source]]
    """Only for a collector's report: the readings that are not from the host's own files (copied
    /sys and /proc) but from other files of the report."""


class Machine(TypedDict):
    """null: unknown."""

    vendor: str | None
    model: str | None
    board: str | None
    firmware: str | None
    kernel_release: str | None
    kernel_options: list[str] | None
    """Only the options that matter to the IOMMU."""
    cpu_vendor: str | None
    virtual: bool | None
    memory_total: int | None
    boot_time: int | None
    memory_map: bool
    """Whether the firmware's memory map is known."""


class NamedTable(TypedDict):
    """A table by its name."""

    name: str | None
    """The table's name in /sys/firmware/acpi/tables."""


class DecodedTable(NamedTable):
    """A table that was decoded, possibly with damage."""

    state: Literal["decoded"]
    signature: Annotated[str, ("enum", ("DMAR", "RMAD", "XMAR", "IVRS"))]
    length: int
    """The length in the header, in bytes."""
    revision: int
    oem_id: str
    """One character a byte, U+0000 to U+00FF."""
    oem_table_id: str
    """Likewise."""
    host_address_bits: Annotated[int, ("minimum", 0), ("maximum", 256)]
    """The width of physical addresses; 0 only in a wrong IVRS."""
    structures: dict[str, Ordinal]
    """How many of each structure, by its name."""
    damage: list[Damage]


class UndecodableTable(NamedTable):
    """A table that could not be decoded."""

    state: Literal["undecodable"]
    damage: list[Damage]


class MissingTable(NamedTable):
    """Why there is no table."""

    state: Annotated[str, MissingKind]
    """absent: the host has none; denied: reading it needs root; failed: reading it failed;
    not-collected: it was not read, so the host may have one."""
    detail: Prose


class ListEntry(Range):
    """An entry of Xen's list."""

    origin: Annotated[str, ListOrigin]
    region: int | None
    devices: Ordinal
    """How often the list has it: on AMD, once for each device ID that the region covers."""


class Xen(TypedDict):
    """How Xen treats the host's regions."""

    source: Annotated[str, ListSource]
    """The source of the list. hypervisor: the hypercall whose list strategy=host uses; predicted:
    the table, by Xen's acceptance rules."""
    release: Release | None
    """The release of the hypervisor that the list is for, with the point release if known."""
    dom0: bool | None
    iommu_enabled: bool | None
    entries: list[ListEntry]
    """In the hypervisor's order."""
    devices: dict[str, list[Range] | None]
    """The ranges that a guest with the device reserves; null: unknown; devices without ranges are
    left out."""
    iommu_disabled: Prose
    """Why Xen switches VT-d or AMD-Vi off for the whole host, as predicted; or empty."""
    why_empty: list[Prose]
    assignable: list[Sbdf] | None
    """The devices bound to pciback; null: unknown."""
    notes: list[Prose]
    """Assumptions and limits of the whole prediction."""
    devices_source: Annotated[str, ListSource]


class Linux(TypedDict):
    """How Linux treats the host's regions."""

    state: Annotated[str, LinuxState]
    groups: list[Group] | None
    """The groups of the devices that regions concern; null: unknown."""
    published: list[Published]
    """Reserved regions that Linux publishes in /sys/kernel/iommu_groups/N/reserved_regions and that
    no region of a decoded table explains."""


class Difference(TypedDict):
    """A difference between the firmware, Xen and Linux."""

    region: int | None
    explanation: Prose


class Ats(TypedDict):
    """Address translation services, by the table."""

    root_ports: list[Sbdf]
    """Root ports that support ATS (ATSR)."""
    segments: list[int]
    """Segments in which every root port supports ATS."""
    translation_cached: list[Sbdf]
    """Devices with an address translation cache (SATC)."""


class Answer(TypedDict):
    """The answer; it is equal on a host and on its recording."""

    device: Sbdf | None
    """The device that the answer is limited to; regions are then only those that concern it."""
    machine: Machine
    """null: unknown."""
    table: DecodedTable | UndecodableTable | MissingTable
    absence: Absence | None
    """Why there is no table, by the available evidence."""
    other_tables: list[str]
    """Tables of IOMMUs besides the one in effect, by name."""
    pci_functions: Count | None
    """How many PCI functions are present; null if unknown."""
    complete: bool
    """True if no region can be missing: there is a table without damage and, for one device, no path
    is undetermined."""
    undetermined: list[str]
    """Paths of scope entries that lead through a bridge whose bus is unknown."""
    regions: list[Region]
    """In table order."""
    units: list[Unit]
    xen: Xen
    linux: Linux
    differences: list[Difference]
    problems: list[Prose]
    """The readings that could not be read or understood, a sentence each."""
    ats: Ats
    namespace_devices: dict[str, str]
    """ACPI device names by the enumeration id of namespace scope entries (ANDD)."""


class InventoryDocument(TypedDict):
    """dmaragent inventory --json, version 2.

    Every reserved region of a host and its owners. 'answer' is equal on a host and on its
    recording; 'origin' shows which of them was read.
    """

    format: Literal["dmaragent.inventory"]
    version: Literal[2]
    origin: Annotated[Origin, ("dependentRequired", PUBLISHED)]
    answer: Answer
