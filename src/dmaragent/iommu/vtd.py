"""Intel's DMAR table: its regions (RMRR), units (DRHD) and claims (device scopes).

Pure.  Only this module, ``xen/hypervisor`` and ``checks/vtd`` use the structures of a DMAR table.
All other packages use the values of ``iommu/model.py`` that are made here.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dmaragent.addresses import SBDF
from dmaragent.host.parse import MOST_OF_A_KIND
from dmaragent.host.topology import Located, PciTopology
from dmaragent.iommu import words
from dmaragent.iommu.claims import Claim, Claimant, ClaimKind, DeviceKind, DevicePath, owners_of
from dmaragent.iommu.model import (
    Access,
    Capabilities,
    IommuTable,
    Meaning,
    OtherStructure,
    RegionFields,
    RemappingUnit,
    ReservedRegion,
    TableEntry,
    TableField,
    TableHeader,
    over_limit,
)
from dmaragent.readings import Missing
from fwtables import (
    ANDD,
    ATSR,
    DMAR,
    DRHD,
    RHSA,
    RMRR,
    SATC,
    Decoded,
    DeviceScope,
    Structure,
    decode_as,
    located,
    structure_length,
    structure_name,
)
from fwtables.dmar.constants import DrhdFlag, ScopeType, StructureType, flag_names
from fwtables.dmar.layouts import BODIES, STRUCTURE_HEADER, TABLE
from fwtables.layout import Layout

_KINDS = {
    ScopeType.PCI_ENDPOINT: DeviceKind.FUNCTION,
    ScopeType.PCI_SUB_HIERARCHY: DeviceKind.BRIDGE,
    ScopeType.IOAPIC: DeviceKind.IOAPIC,
    ScopeType.MSI_CAPABLE_HPET: DeviceKind.HPET,
    ScopeType.ACPI_NAMESPACE_DEVICE: DeviceKind.ACPI_DEVICE,
}
_KIND_OF: Mapping[int, DeviceKind] = {int(kind): device for kind, device in _KINDS.items()}
_NAME_OF: Mapping[int, str] = {int(kind): kind.name for kind in ScopeType}


def device_kind(scope_type: int) -> DeviceKind:
    """Return the kind of device that a device scope entry of `scope_type` names."""
    return _KIND_OF.get(scope_type, DeviceKind.UNKNOWN)


MOST_SCOPE_ENTRIES = 16384
"""At most this many device scope entries of a table, in all structures, are examined."""


def read_dmar(content: bytes, topology: PciTopology) -> IommuTable | Missing:
    """Return the table in `content`, or why it is not examined.

    The paths of its device scopes are followed through the bridges of `topology`.
    """
    decoded = decode_as(DMAR, content)
    return _why_not_examined(decoded) or table_of(decoded, topology)


def _why_not_examined(decoded: Decoded[DMAR]) -> Missing | None:
    """Return why `decoded` is not examined (it has too many structures), or None."""
    structures = decoded.table.structures if decoded.table else ()
    kinds = Counter(map(type, structures))
    counts = [
        (number, MOST_OF_A_KIND, words.structures_of(kind.__name__))
        for kind, number in kinds.items()
    ]
    entries = sum(len(getattr(structure, "device_scope", ())) for structure in structures)
    counts.append((entries, MOST_SCOPE_ENTRIES, words.SCOPE_ENTRIES))
    return over_limit(counts)


def table_of(decoded: Decoded[DMAR], topology: PciTopology) -> IommuTable:
    """Return the table `decoded`, its paths followed through the bridges of `topology`."""
    table = decoded.table
    if table is None:
        return IommuTable.without_header(decoded)
    names = {
        structure.acpi_device_number: structure.name
        for structure in table.structures
        if isinstance(structure, ANDD)
    }
    return IommuTable(
        decoded=decoded,
        header=_header(table),
        structures=MappingProxyType(Counter(map(structure_name, table.structures))),
        regions=tuple(_regions(table, topology, names)),
        units=tuple(_units(table, topology, names)),
        capabilities=_capabilities(table, topology, names),
        others=tuple(_others(table)),
    )


def dmar_of(table: IommuTable) -> DMAR | None:
    """Return the DMAR of `table`; None if it could not be decoded or is another table."""
    return table.decoded.table if isinstance(table.decoded.table, DMAR) else None


def _header(table: DMAR) -> TableHeader:
    return TableHeader(
        signature=table.signature,
        length=table.length,
        revision=table.revision,
        oem_id=table.oem_id,
        oem_table_id=table.oem_table_id,
        oem_revision=table.oem_revision,
        creator_id=table.creator_id,
        creator_revision=table.creator_revision,
        address_bits=table.host_address_bits,
        address_bits_field=_field(
            TABLE,
            0,
            "DMAR host_address_width",
            f"{table.host_address_width}: {table.host_address_bits} bits",
        ),
        flags=flag_names("DMAR", table.flags),
    )


def table_entry(table: DMAR, offset: int, structure: Structure) -> TableEntry:
    """Return the place of a structure of `table`."""
    signature = table.signature.decode("latin-1")
    return TableEntry(signature, structure_name(structure), offset, structure_length(structure))


# Claims: device scopes ------------------------------------------------------------------


def locate_scope(
    topology: PciTopology, segment: int, scope: DeviceScope, *, zero_bus: bool = False
) -> Located:
    """Follow the path of `scope`: :meth:`~dmaragent.host.topology.PciTopology.locate`."""
    steps = [(step.device, step.function) for step in scope.path]
    return topology.locate(segment, scope.start_bus_number, steps, zero_bus=zero_bus)


def claims_of(
    topology: PciTopology,
    segment: int,
    scopes: tuple[DeviceScope, ...],
    names: Mapping[int, str] = MappingProxyType({}),
) -> tuple[Claim, ...]:
    """Return the claims of a device scope, one per entry; `names` are those of ACPI devices."""
    return tuple(_claim(topology, segment, scope, names) for scope in scopes)


def _claim(
    topology: PciTopology, segment: int, scope: DeviceScope, names: Mapping[int, str]
) -> Claim:
    place = locate_scope(topology, segment, scope)
    device = device_kind(scope.type)
    is_named = device is DeviceKind.ACPI_DEVICE
    claimant = Claimant(
        sbdf=place.sbdf,
        name=names.get(scope.enumeration_id, "") if is_named else "",
        presence=place.presence,
        reason=place.reason,
        function=None if place.sbdf is None else topology.known.get(place.sbdf),
    )
    path = DevicePath(
        type=scope.type,
        type_name=_NAME_OF.get(scope.type, ""),
        number=scope.enumeration_id,
        start_bus=scope.start_bus_number,
        hops=place.hops,
    )
    return Claim(
        kind=ClaimKind.PATH,
        device=device,
        as_written=f"{path.start_bus:02x}:" + ">".join(hop.step for hop in path.hops),
        claimants=(claimant,),
        path=path,
    )


# Regions, units, capabilities -----------------------------------------------------------


def _regions(
    table: DMAR, topology: PciTopology, names: Mapping[int, str]
) -> Iterator[ReservedRegion]:
    """Yield a region for each RMRR structure.  One that is too short is damage, not a region."""
    rmrrs = (
        (offset, structure) for offset, structure in located(table) if isinstance(structure, RMRR)
    )
    for number, (offset, rmrr) in enumerate(rmrrs, 1):
        yield ReservedRegion(
            number=number,
            segment=rmrr.segment_number,
            first=rmrr.base_address,
            last=rmrr.limit_address,
            source=table_entry(table, offset, rmrr),
            meaning=Meaning.IDENTITY,
            access=Access.READ | Access.WRITE,
            claims=claims_of(topology, rmrr.segment_number, rmrr.device_scope, names),
            fields=_region_fields(offset, rmrr),
        )


def _region_fields(offset: int, rmrr: RMRR) -> RegionFields:
    body, at = BODIES[StructureType.RMRR], offset + STRUCTURE_HEADER.size
    return RegionFields(
        _field(body, at, "RMRR base_address", f"{rmrr.base_address:#x}"),
        _field(body, at, "RMRR limit_address", f"{rmrr.limit_address:#x}"),
        _field(body, at, "RMRR segment_number", f"{rmrr.segment_number:04x}"),
    )


def _field(layout: Layout, offset: int, name: str, value: str) -> TableField:
    """Return the field that `name` ends with, of a structure that begins at `offset`."""
    place = layout.names.index(name.rpartition(" ")[2])
    return TableField(offset + layout.offsets[place], layout.widths[place], name, value)


def _units(table: DMAR, topology: PciTopology, names: Mapping[int, str]) -> Iterator[RemappingUnit]:
    domains = {
        structure.register_base_address: structure.proximity_domain
        for structure in table.structures
        if isinstance(structure, RHSA)
    }
    for offset, structure in located(table):
        if isinstance(structure, DRHD):
            own = claims_of(topology, structure.segment_number, structure.device_scope, names)
            yield RemappingUnit(
                source=table_entry(table, offset, structure),
                segment=structure.segment_number,
                registers=structure.register_base_address,
                register_size=structure.register_set_size,
                serves_rest=structure.include_pci_all,
                flags=flag_names("DRHD", structure.flags & ~DrhdFlag.INCLUDE_PCI_ALL),
                claims=own,
                owners=owners_of(own),
                proximity_domain=domains.get(structure.register_base_address),
            )


def _others(table: DMAR) -> Iterator[OtherStructure]:
    """Yield the structures that are neither an RMRR, a DRHD nor the RHSA of a DRHD."""
    units = {
        structure.register_base_address
        for structure in table.structures
        if isinstance(structure, DRHD)
    }
    for structure in table.structures:
        of_unit = isinstance(structure, RHSA) and structure.register_base_address in units
        if not isinstance(structure, DRHD | RMRR) and not of_unit:
            yield OtherStructure(structure_name(structure), structure)


def _capabilities(table: DMAR, topology: PciTopology, names: Mapping[int, str]) -> Capabilities:
    """Return the contents of the ATSR, SATC and ANDD structures of `table`."""

    def devices(kind: type[ATSR | SATC]) -> frozenset[SBDF]:
        places = (
            locate_scope(topology, structure.segment_number, scope)
            for structure in table.structures
            if isinstance(structure, kind)
            for scope in structure.device_scope
        )
        return frozenset(place.sbdf for place in places if place.sbdf is not None)

    return Capabilities(
        translation_cached=devices(SATC),
        ats_root_ports=devices(ATSR),
        ats_segments=frozenset(
            structure.segment_number
            for structure in table.structures
            if isinstance(structure, ATSR) and structure.all_ports
        ),
        namespace_names=MappingProxyType(dict(names)),
    )
