"""Blocks and fields of an IVRS as evidence, and hits about an IVMD or a device entry."""

from dmaragent.checks.amd.effects import XenCase
from dmaragent.checks.amd.facts import Ivmd, IvrsFacts, LocatedEntry
from dmaragent.checks.common.findings import region_hit
from dmaragent.checks.common.model import Evidence, Hit, Severity
from dmaragent.checks.common.rules import evidence
from fwtables import AnyIVHD, Block, UnknownBlock, block_name, device_name
from fwtables.ivrs.layouts import BLOCK_HEADER, BODIES, TABLE, entry_length
from fwtables.layout import Layout

_NO_CASE = XenCase("", None)


def header_field(facts: IvrsFacts, name: str, value: str) -> Evidence:
    """Return the field `name` of the table's header as evidence."""
    return _field_evidence(facts, TABLE, 0, "IVRS", name=name, value=value)


def block_field(facts: IvrsFacts, offset: int, block: Block, name: str, value: str) -> Evidence:
    """Return the field `name` of the `block` at `offset`; its type, flags and length are fields."""
    owner = block_name(block)
    if isinstance(block, UnknownBlock) or name in BLOCK_HEADER.names:
        return _field_evidence(facts, BLOCK_HEADER, offset, owner, name=name, value=value)
    at = offset + BLOCK_HEADER.size
    return _field_evidence(facts, BODIES[block.type], at, owner, name=name, value=value)


def ivmd_field(facts: IvrsFacts, ivmd: Ivmd, name: str, value: str) -> Evidence:
    """Return the field `name` of an IVMD as evidence."""
    return block_field(facts, ivmd.offset, ivmd.block, name, value)


def range_fields(facts: IvrsFacts, ivmd: Ivmd) -> tuple[Evidence, Evidence]:
    """Return the start and the length of an IVMD as evidence."""
    return (
        ivmd_field(facts, ivmd, "start_address", f"{ivmd.block.start_address:#x}"),
        ivmd_field(facts, ivmd, "memory_length", f"{ivmd.block.memory_length:#x}"),
    )


def device_fields(facts: IvrsFacts, ivmd: Ivmd) -> tuple[Evidence, ...]:
    """Return the device ID of an IVMD and, of a range, the last one as evidence."""
    block = ivmd.block
    first = ivmd_field(facts, ivmd, "device_id", device_name(block.device_id))
    if ivmd.is_range:
        return first, ivmd_field(facts, ivmd, "auxiliary", device_name(block.auxiliary))
    return (first,)


def _field_evidence(  # noqa: PLR0913 - the layout is one more
    facts: IvrsFacts, layout: Layout, offset: int, owner: str, *, name: str, value: str
) -> Evidence:
    place = layout.names.index(name)
    at, width = offset + layout.offsets[place], layout.widths[place]
    return evidence(facts, at, width, f"{owner} {name}", value)


def ivmd_hit(  # noqa: PLR0913 - what a hit may have, each by its name
    ivmd: Ivmd,
    predicate: str,
    shown: tuple[Evidence, ...],
    *,
    case: XenCase = _NO_CASE,
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Return a hit about an IVMD, whose region is the subject of `predicate`."""
    hit = region_hit(
        ivmd.region,
        predicate,
        shown,
        xen=case.xen,
        linux=linux,
        severity=severity or case.severity,
    )
    return hit._replace(advice=case.advice)


def ivhd_words(block: AnyIVHD) -> str:
    """Return the name of an IVHD block, by its type and its IOMMU."""
    iommu = device_name(block.device_id)
    if block.segment_number:
        iommu = f"{block.segment_number:04x}:{iommu}"
    return f"{block_name(block)} of {iommu}"


def entry_evidence(facts: IvrsFacts, located: LocatedEntry, value: str) -> Evidence:
    """Return a whole device entry as evidence."""
    field = f"{block_name(located.block)} entries"
    return evidence(facts, located.offset, entry_length(located.entry), field, value)


def entry_hit(  # noqa: PLR0913 - what a hit may have, each by its name
    facts: IvrsFacts,
    located: LocatedEntry,
    predicate: str,
    value: str,
    *,
    xen: str = "",
    linux: str = "",
    severity: Severity | None = None,
) -> Hit:
    """Return a hit about a device entry; its block is the subject of the `predicate`."""
    owner = ivhd_words(located.block)
    return Hit(
        message=f"{owner} {predicate}",
        subject=f"{owner}: {value}",
        evidence=(entry_evidence(facts, located, value),),
        xen=xen,
        linux=linux,
        severity=severity,
    )
