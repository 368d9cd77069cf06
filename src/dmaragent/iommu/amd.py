"""AMD's table, IVRS: its regions (IVMD), IOMMUs (IVHD) and device IDs as core values.

Pure.  A table describes each IOMMU in up to three blocks, of type 0x10, 0x11 and 0x40.  Which of
them counts depends on the reader: ``linux/ivrs.py`` and ``xen/hypervisor/ivrs_walk.py`` choose.
What is made here are one unit for each IOMMU, by segment and device ID, and one region for each
IVMD.  A claim on a range of IDs stays one claim, with the functions that are present in it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from dmaragent.addresses import SBDF
from dmaragent.host.parse import MOST_OF_A_KIND
from dmaragent.host.topology import PciTopology, Presence
from dmaragent.iommu import words
from dmaragent.iommu.claims import (
    Claim,
    Claimant,
    ClaimKind,
    DeviceIds,
    DeviceKind,
    function_with_id,
    owners_of,
    requester_id,
)
from dmaragent.iommu.ivhd import (
    LAST_ID,
    Described,
    Iommu,
    ServedIds,
    SpecialDevice,
    described_by,
    iommus_of,
)
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
    IVHD,
    IVMD,
    IVRS,
    AnyIVHD,
    Block,
    Decoded,
    ExtendedIVHD,
    block_length,
    block_name,
    decode_as,
    device_name,
    located_blocks,
)
from fwtables.ivrs.constants import BlockType, IvmdFlag, Variety, flag_names
from fwtables.ivrs.layouts import BLOCK_HEADER, BODIES, TABLE
from fwtables.layout import Layout

IVMD_TYPES = frozenset(
    {BlockType.IVMD_ALL, BlockType.IVMD_ONE, BlockType.IVMD_RANGE, BlockType.IVMD_IOMMU}
)
MOST_DEVICE_ENTRIES = 4 << 16
"""Device entries, of all its blocks together, of a table that is examined."""
MOST_CLAIMED = 1 << 16
"""IVMD blocks times PCI functions, of a table that is examined: each may be for each."""
_VARIETIES: Mapping[int, DeviceKind] = {
    Variety.IOAPIC: DeviceKind.IOAPIC,
    Variety.HPET: DeviceKind.HPET,
}


def read_ivrs(content: bytes, topology: PciTopology) -> IommuTable | Missing:
    """Return what the table in `content` says, or why it is not examined.

    `topology` has the functions that are present for the device IDs of its claims.
    """
    decoded = decode_as(IVRS, content)
    return _why_not_examined(decoded, topology) or table_of(decoded, topology)


def _why_not_examined(decoded: Decoded[IVRS], topology: PciTopology) -> Missing | None:
    """Return that `decoded` has more than any machine's table, or None."""
    blocks = decoded.table.blocks if decoded.table else ()
    counts = [
        (number, MOST_OF_A_KIND, words.structures_of(name))
        for name, number in Counter(map(block_name, blocks)).items()
    ]
    entries = sum(len(block.entries) for block in blocks if isinstance(block, AnyIVHD))
    counts.append((entries, MOST_DEVICE_ENTRIES, words.DEVICE_ENTRIES))
    regions = sum(isinstance(block, IVMD) for block in blocks)
    counts.append((regions, MOST_CLAIMED // (len(topology.known) or 1), words.REGIONS_OF_DEVICES))
    return over_limit(counts)


def table_of(decoded: Decoded[IVRS], topology: PciTopology) -> IommuTable:
    """Return what the table `decoded` says, with the functions of `topology` that it names."""
    table = decoded.table
    if table is None:
        return IommuTable.without_header(decoded)
    present = _Present(topology)
    return IommuTable(
        decoded=decoded,
        header=_header(table),
        structures=MappingProxyType(Counter(map(block_name, table.blocks))),
        regions=tuple(_regions(table, present)),
        units=tuple(_unit(table, iommu, present) for iommu in iommus_of(table)),
        capabilities=Capabilities(),
        others=tuple(
            OtherStructure(block_name(block), block)
            for block in table.blocks
            if not isinstance(block, IVHD | ExtendedIVHD | IVMD)
        ),
    )


def ivrs_of(table: IommuTable) -> IVRS | None:
    """Return the IVRS that `table` was made of; None if it could not be decoded, or is another."""
    return table.decoded.table if isinstance(table.decoded.table, IVRS) else None


def table_entry(table: IVRS, offset: int, block: Block) -> TableEntry:
    """Return the place of a block of `table`."""
    signature = table.signature.decode("latin-1")
    return TableEntry(signature, block_name(block), offset, block_length(block))


def _header(table: IVRS) -> TableHeader:
    bits = table.physical_address_bits
    return TableHeader(
        signature=table.signature,
        length=table.length,
        revision=table.revision,
        oem_id=table.oem_id,
        oem_table_id=table.oem_table_id,
        oem_revision=table.oem_revision,
        creator_id=table.creator_id,
        creator_revision=table.creator_revision,
        address_bits=bits,
        address_bits_field=_field(TABLE, 0, "IVRS iv_info", f"{table.iv_info:#x}: {bits} bits"),
        flags=flag_names("IVRS", table.iv_info),
    )


# Units ---------------------------------------------------------------------------------------


def _unit(table: IVRS, iommu: Iommu, present: "_Present") -> RemappingUnit:
    """Return `iommu` with all that any of its blocks says; equal entries are one claim."""
    offset, first = iommu.blocks[0]
    described = dict.fromkeys(device for _, block in iommu.blocks for device in described_by(block))
    claims = tuple(_unit_claim(device, iommu, present) for device in described)
    return RemappingUnit(
        source=table_entry(table, offset, first),
        segment=iommu.segment,
        registers=first.register_base_address,
        register_size=0,  # no block has it
        serves_rest=False,
        flags=flag_names("IVHD", first.flags),
        claims=claims,
        owners=owners_of(claims),
        proximity_domain=None,
    )


def _unit_claim(device: Described, iommu: Iommu, present: "_Present") -> Claim:
    if isinstance(device, ServedIds):
        return Claim(
            kind=device.kind,
            device=DeviceKind.FUNCTION,
            as_written=_ids_as_written(device.ids, device.kind),
            claimants=present.served(device, iommu.device),
            ids=device.ids,
        )
    if isinstance(device, SpecialDevice):
        return Claim(
            kind=ClaimKind.DEVICE,
            device=_VARIETIES.get(device.variety, DeviceKind.UNKNOWN),
            as_written=device_name(device.source),
            claimants=(present.device(iommu.segment, device.source),),
            ids=DeviceIds(iommu.segment, device.source, device.source),
        )
    return Claim(
        kind=ClaimKind.ACPI_NAME,
        device=DeviceKind.ACPI_DEVICE,
        as_written=f"{device.hid}:{device.uid}" if device.uid else device.hid,
        claimants=(
            present.device(iommu.segment, device.device)._replace(name=device.uid or device.hid),
        ),
        ids=DeviceIds(iommu.segment, device.device, device.device),
    )


def _ids_as_written(ids: DeviceIds, kind: ClaimKind) -> str:
    if kind is ClaimKind.ALL:
        return words.ALL_DEVICES
    text = device_name(ids.first)
    if kind is ClaimKind.RANGE:
        text = f"{text}-{device_name(ids.last)}"
    return text if ids.seen_as is None else words.alias(text, device_name(ids.seen_as))


class _Present:
    """The functions that are present, by segment and device ID."""

    def __init__(self, topology: PciTopology) -> None:
        self._known = topology.known
        self._unknown = isinstance(topology.functions, Missing)
        self._ids: dict[int, list[int]] = {}
        """By segment: the IDs of its functions, sorted."""
        for sbdf in sorted(topology.known):
            self._ids.setdefault(sbdf.segment, []).append(requester_id(sbdf))

    def device(self, segment: int, number: int) -> Claimant:
        """Return the function with this ID, present or not."""
        sbdf = function_with_id(segment, number)
        function = self._known.get(sbdf)
        presence, reason = Presence.PRESENT, ""
        if self._unknown:
            presence, reason = Presence.UNKNOWN, words.FUNCTIONS_UNKNOWN
        elif function is None:
            presence, reason = Presence.ABSENT, words.no_device(str(sbdf))
        return Claimant(sbdf, "", presence, reason, function)

    def within(self, ids: DeviceIds) -> tuple[Claimant, ...]:
        """Return the functions within `ids` that are present, by ID."""
        numbers = self._ids.get(ids.segment, [])
        found = numbers[bisect_left(numbers, ids.first) : bisect_right(numbers, ids.last)]
        return tuple(self.device(ids.segment, number) for number in found)

    def served(self, served: ServedIds, own: int) -> tuple[Claimant, ...]:
        """Return the devices of `served`; the IOMMU with the ID `own` serves no device there."""
        ids = served.ids
        if served.kind is ClaimKind.DEVICE:
            return (self.device(ids.segment, ids.first),)
        itself = function_with_id(ids.segment, own)
        return tuple(device for device in self.within(ids) if device.sbdf != itself)


# Regions --------------------------------------------------------------------------------


def ivmds_of(table: IVRS) -> Sequence[tuple[int, IVMD]]:
    """Return the IVMD blocks of `table` with their offsets; those too short to read are damage."""
    return [(offset, block) for offset, block in located_blocks(table) if isinstance(block, IVMD)]


def ivmd_segment(ivmd: IVMD) -> int:
    """Return the segment of `ivmd`: a reserved field that Linux reads and Xen does not."""
    return int.from_bytes(ivmd.reserved[:2], "little")


def meaning_of(flags: int) -> Meaning:
    """Return what an IVMD with `flags` asks for: to Linux and Xen, exclusion precedes unity."""
    if flags & IvmdFlag.EXCLUSION_RANGE:
        return Meaning.EXCLUSION
    return Meaning.IDENTITY if flags & IvmdFlag.UNITY else Meaning.UNSTATED


def access_of(flags: int) -> Access:
    """Return what devices may do: all in an exclusion range, which the IOMMU does not check."""
    if flags & IvmdFlag.EXCLUSION_RANGE:
        return Access.READ | Access.WRITE
    access = Access(0)
    if flags & IvmdFlag.READ:
        access |= Access.READ
    if flags & IvmdFlag.WRITE:
        access |= Access.WRITE
    return access


def _regions(table: IVRS, present: _Present) -> Iterator[ReservedRegion]:
    units = {(iommu.segment, iommu.device): iommu for iommu in iommus_of(table)}
    for number, (offset, ivmd) in enumerate(ivmds_of(table), 1):
        segment = ivmd_segment(ivmd)
        yield ReservedRegion(
            number=number,
            segment=segment,
            first=ivmd.start_address,
            last=ivmd.start_address + ivmd.memory_length - 1,
            source=table_entry(table, offset, ivmd),
            meaning=meaning_of(ivmd.flags),
            access=access_of(ivmd.flags),
            claims=(_region_claim(ivmd, segment, units.get((segment, ivmd.device_id)), present),),
            fields=_region_fields(offset, ivmd),
        )


def _region_claim(ivmd: IVMD, segment: int, iommu: Iommu | None, present: _Present) -> Claim:
    if ivmd.type == BlockType.IVMD_IOMMU:
        devices = {} if iommu is None else _devices_behind(iommu, present)
        return Claim(
            kind=ClaimKind.IOMMU,
            device=DeviceKind.FUNCTION,
            as_written=words.all_behind(device_name(ivmd.device_id)),
            claimants=tuple(devices[sbdf] for sbdf in sorted(devices)),
        )
    kind, ids = ClaimKind.DEVICE, DeviceIds(segment, ivmd.device_id, ivmd.device_id)
    if ivmd.type == BlockType.IVMD_ALL:
        kind, ids = ClaimKind.ALL, DeviceIds(segment, 0, LAST_ID)
    elif ivmd.type == BlockType.IVMD_RANGE:
        kind, ids = ClaimKind.RANGE, DeviceIds(segment, ivmd.device_id, ivmd.auxiliary)
    one = kind is ClaimKind.DEVICE
    return Claim(
        kind=kind,
        device=DeviceKind.FUNCTION,
        as_written=_ids_as_written(ids, kind),
        claimants=(present.device(segment, ids.first),) if one else present.within(ids),
        ids=ids,
    )


def _devices_behind(iommu: Iommu, present: _Present) -> dict[SBDF, Claimant]:
    """Return the functions that are present and that some block of `iommu` names."""
    return {
        device.sbdf: device
        for _, block in iommu.blocks
        for described in described_by(block)
        if isinstance(described, ServedIds)
        for device in present.served(described, iommu.device)
        if device.sbdf is not None and device.presence is Presence.PRESENT
    }


def _region_fields(offset: int, ivmd: IVMD) -> RegionFields:
    body, at = BODIES[ivmd.type], offset + BLOCK_HEADER.size
    return RegionFields(
        _field(body, at, "IVMD start_address", f"{ivmd.start_address:#x}"),
        _field(body, at, "IVMD memory_length", f"{ivmd.memory_length:#x}"),
        _field(body, at, "IVMD reserved", ivmd.reserved.hex()),
    )


def _field(layout: Layout, offset: int, name: str, value: str) -> TableField:
    """Return the place of a field of what begins at `offset`; `name` ends with the field's own."""
    place = layout.names.index(name.rpartition(" ")[2])
    return TableField(offset + layout.offsets[place], layout.widths[place], name, value)
