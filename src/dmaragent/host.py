"""The join: what was read becomes one host of table, PCI functions and scope resolutions.

Pure: ``join`` is a function from a :class:`~dmaragent.snapshot.HostSnapshot` to a
:class:`Host`.  A reading that cannot be used becomes a problem line, never an
exception and never a silent gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from dmaragent.addresses import SBDF
from dmaragent.snapshot import HostSnapshot, Missing, MissingKind, PciReading, TableReading
from fwtables import Decoded, DeviceScope, decode

PCI_BRIDGE = 0x0604
CARDBUS_BRIDGE = 0x0607
_SECONDARY_BUS_AT = 0x19  # PCI-to-PCI Bridge Architecture Specification 1.2, 3.2.5.3


@dataclass(frozen=True, slots=True, kw_only=True)
class PciFunction:
    """One PCI function that answers on this host.  None: not known."""

    sbdf: SBDF
    class_code: int | None
    vendor_id: int | None
    device_id: int | None
    driver: str | None
    secondary_bus: int | None
    """The bus behind it, for a bridge."""


class Presence(Enum):
    """Whether the function a device scope leads to answers on this host."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a device scope's path and the function found there, if its bus is known."""

    step: str
    sbdf: SBDF | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a device scope entry leads on this host."""

    scope: DeviceScope
    presence: Presence
    sbdf: SBDF | None
    """The function meant; None where a bridge of the path is missing, so its bus is unknown."""
    hops: tuple[Hop, ...]
    reason: str
    """Why it is not present, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host: its DMAR table, decoded, and its PCI functions."""

    reading: TableReading | None
    """The table in effect: the first that can be read, else the first there is."""
    table: Decoded | Missing
    other_tables: tuple[TableReading, ...]
    """DMAR tables besides the one in effect."""
    acpi_tables: tuple[str, ...] | Missing
    functions: Mapping[SBDF, PciFunction] | Missing
    problems: tuple[str, ...]
    """What could not be read or understood, a sentence each."""

    def locate(self, segment: int, scope: DeviceScope) -> Located:
        """Walk the path of `scope` from its start bus through the bridges of this host.

        Each step but the last must be a bridge, whose secondary bus the next step is
        on: VT-d 8.3.1; Xen drivers/passthrough/vtd/dmar.c, ``acpi_parse_dev_scope``.
        """
        hops: list[Hop] = []
        bus: int | None = scope.start_bus_number
        reason = "" if scope.path else "the entry has no path"
        for number, entry in enumerate(scope.path, 1):
            sbdf = None
            if bus is not None:
                try:
                    sbdf = SBDF(segment, bus, entry.device, entry.function)
                except ValueError as error:
                    reason = f"step {number} ({entry}) cannot exist: {error}"
            hops.append(Hop(str(entry), sbdf))
            bus = None
            if sbdf is None or number == len(scope.path):
                continue
            if isinstance(self.functions, Missing):
                reason = f"the bus behind {sbdf} is not known without the PCI functions"
                continue
            bridge = self.functions.get(sbdf)
            if bridge is None:
                reason = f"no bridge answers at {sbdf}"
            elif bridge.secondary_bus is None:
                reason = f"{sbdf} is not a bridge with a known secondary bus"
            else:
                bus = bridge.secondary_bus
        sbdf = hops[-1].sbdf if hops else None
        presence, reason = self._presence(sbdf, reason)
        return Located(scope=scope, presence=presence, sbdf=sbdf, hops=tuple(hops), reason=reason)

    def _presence(self, sbdf: SBDF | None, reason: str) -> tuple[Presence, str]:
        if isinstance(self.functions, Missing):
            return Presence.UNKNOWN, reason or "the PCI functions were not collected"
        if sbdf is None:
            return Presence.ABSENT, reason
        if sbdf in self.functions:
            return Presence.PRESENT, ""
        return Presence.ABSENT, f"no device answers at {sbdf}"


def join(snapshot: HostSnapshot) -> Host:
    """Join the readings of `snapshot` to a host."""
    problems: list[str] = []
    reading = next((each for each in snapshot.tables if isinstance(each.content, bytes)), None)
    reading = reading or next(iter(snapshot.tables), None)
    table: Decoded | Missing
    if reading is not None:
        content = reading.content
        table = content if isinstance(content, Missing) else decode(content)
    elif isinstance(snapshot.acpi_tables, Missing):
        table = snapshot.acpi_tables
    else:
        table = Missing(MissingKind.ABSENT)
    functions = (
        snapshot.pci if isinstance(snapshot.pci, Missing) else _functions(snapshot.pci, problems)
    )
    if isinstance(functions, Missing) and functions.kind is not MissingKind.NOT_COLLECTED:
        problems.append(
            f"the PCI functions could not be listed: {functions.detail or functions.kind.value}"
        )
    return Host(
        reading=reading,
        table=table,
        other_tables=tuple(each for each in snapshot.tables if each is not reading),
        acpi_tables=snapshot.acpi_tables,
        functions=functions,
        problems=tuple(problems),
    )


def _functions(readings: tuple[PciReading, ...], problems: list[str]) -> Mapping[SBDF, PciFunction]:
    functions: dict[SBDF, PciFunction] = {}
    for reading in readings:
        try:
            sbdf = SBDF.parse(reading.name)
        except ValueError as error:
            problems.append(f"a PCI function's name cannot be read: {error}")
            continue
        if _vanished(reading):
            problems.append(f"{sbdf}: it was listed, and gone when it was read")
            continue
        functions[sbdf] = _function(sbdf, reading, problems)
    return MappingProxyType(functions)


def _vanished(reading: PciReading) -> bool:
    """Tell whether none of the attributes that every function has is there any more."""
    attributes = (reading.class_code, reading.vendor, reading.device)
    return all(isinstance(one, Missing) and one.kind is MissingKind.ABSENT for one in attributes)


def _function(sbdf: SBDF, reading: PciReading, problems: list[str]) -> PciFunction:
    class_code = _number(sbdf, "class", reading.class_code, problems)
    is_bridge = class_code is not None and class_code >> 8 in (PCI_BRIDGE, CARDBUS_BRIDGE)
    driver = reading.driver
    if isinstance(driver, Missing) and driver.kind in (MissingKind.DENIED, MissingKind.FAILED):
        problems.append(
            f"{sbdf}: its driver could not be read: {driver.detail or driver.kind.value}"
        )
    return PciFunction(
        sbdf=sbdf,
        class_code=class_code,
        vendor_id=_number(sbdf, "vendor", reading.vendor, problems),
        device_id=_number(sbdf, "device", reading.device, problems),
        driver=None if isinstance(driver, Missing) else driver.rpartition("/")[2],
        secondary_bus=_secondary_bus(sbdf, reading, problems) if is_bridge else None,
    )


def _secondary_bus(sbdf: SBDF, reading: PciReading, problems: list[str]) -> int | None:
    """Find the bus behind a bridge: the kernel's attribute, else configuration byte 0x19."""
    if not isinstance(reading.secondary_bus, Missing):
        value = _number(sbdf, "secondary_bus_number", reading.secondary_bus, problems, base=10)
        if value is not None and 0 < value <= 0xFF:
            return value
    config = reading.config
    if not isinstance(config, Missing) and len(config) > _SECONDARY_BUS_AT:
        return config[_SECONDARY_BUS_AT] or None  # 0: nobody has numbered the bus behind it
    problems.append(f"{sbdf}: the bus behind this bridge could not be read")
    return None


def _number(
    sbdf: SBDF, name: str, value: bytes | Missing, problems: list[str], base: int = 16
) -> int | None:
    if isinstance(value, Missing):
        if value.kind is not MissingKind.NOT_COLLECTED:
            why = value.detail or value.kind.value
            problems.append(f"{sbdf}: its {name} could not be read: {why}")
        return None
    try:
        return int(value.decode("ascii"), base)
    except ValueError:
        shown = value[:40].decode("ascii", "backslashreplace")
        problems.append(f"{sbdf}: its {name} is not a number: {shown!r}")
        return None
