"""Rules about the boot log: DMA that was refused, and what the kernel says of the firmware.

The log is Linux's own.  Under Xen it says nothing of DMA, which Xen's console does.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dmaragent.addresses import PAGE, SBDF
from dmaragent.boot_option.dma_faults import Fault, with_known_segment
from dmaragent.checks.common import regions
from dmaragent.checks.common.facts import Need, TableFacts
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd import damage, references, scopes, table, units
from dmaragent.checks.vtd.fields import field
from dmaragent.inventory import Region
from dmaragent.messages import recogniser
from dmaragent.messages.faults import read_faults
from dmaragent.messages.findings import FINDINGS

_SHOWN = 3
"""How many addresses of one device are named."""
_NEAR = 1 << 20
"""Bytes: so near to a region, an address may well have been meant to be in it."""
_BUG = re.compile(
    r"(?:\[Firmware Bug\]: *|(?=Your BIOS is broken))"
    r"(?P<words>.*(?:RMRR|DMAR|DRHD|RHSA|ANDD|iommu|Record passes table end).*)"
)
_RANGE = re.compile(r"\[(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16})\]")


def _faults(facts: TableFacts) -> Iterator[Fault]:
    """Yield the faults of the log; Linux leaves out the segment, which its devices tell."""
    for fault in read_faults("\n".join(facts.boot_log or ())):
        if fault.segment_named:
            yield fault
        else:
            yield replace(fault, device=with_known_segment(fault.device, facts.functions or ()))


@rule(
    "dma-fault-logged",
    Severity.ERROR,
    "The boot log shows DMA that the IOMMU refused",
    xen="Xen refuses the same DMA, unless a region allows it: look for it in xl dmesg.",
    linux="The request was dropped: the device may hang, or lose data.",
    advice="Where the address lies outside every region, or in one that does not name the "
    "device, the firmware left the device out: update it, or give Xen the region with its "
    "option rmrr= (Linux has no such option). Else look at the device's driver first.",
    source="Linux intel/dmar.c, dmar_fault_do_one; Xen vtd/iommu.c, iommu_page_fault_do_one",
    needs=(Need.BOOT_LOG,),
)
def dma_fault(facts: TableFacts) -> Iterator[Hit]:
    """Find refused DMA, by device and by the region that the address lies in, if any."""
    groups: dict[tuple[SBDF, Region | None], list[Fault]] = {}
    for fault in _faults(facts):
        region = next(
            (
                region
                for region in facts.inventory.all_regions
                if region.segment == fault.device.segment
                and region.base <= fault.address | (PAGE - 1)  # only the page is logged
                and fault.address <= region.limit
            ),
            None,
        )
        groups.setdefault((fault.device, region), []).append(fault)
    for (device, region), faults in groups.items():
        where = "outside every region"
        if region is not None:
            where = f"in {region.place}"
        yield Hit(
            message=f"{device}: {_refusal_words(faults)}. {_place_words(facts, device, region, faults)}",
            subject=f"{device} {where}",
            device=device,
            region=None if region is None else region.number,
            evidence=() if region is None else _bounds_evidence(facts, region),
        )


def _refusal_words(faults: Sequence[Fault]) -> str:
    """Return what was refused: how often, in which direction, where, why."""
    ways = " and ".join(sorted({"write" if fault.write else "read" for fault in faults}))
    addresses = [f"{address:#x}" for address in sorted({fault.address for fault in faults})]
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    reasons = "; ".join(dict.fromkeys(fault.reason for fault in faults if fault.reason))
    times = "once" if len(faults) == 1 else f"{len(faults)} times"
    message = f"refused {times} ({ways}) at {', '.join(addresses[:_SHOWN])}{more}"
    return f"{message} ({reasons})" if reasons else message


def _place_words(
    facts: TableFacts, device: SBDF, region: Region | None, faults: Sequence[Fault]
) -> str:
    """Return where the addresses lie among the regions, and whether the device is there."""
    if region is not None:
        named = any(owner.sbdf == device for owner in region.owners)
        names = "names the device" if named else "does not name the device"
        message = f"That is in region {region.number}, which {names}."
    else:
        message = f"That is in no region{_nearest_region_words(facts, device, faults)}."
    if facts.functions is not None and device not in facts.functions:
        message += (
            " No device answers there: it is hidden, or another one uses its number for requests."
        )
    return message


def _nearest_region_words(facts: TableFacts, device: SBDF, faults: Sequence[Fault]) -> str:
    """Name the region that one of the addresses just misses, if there is one."""
    near = [
        (distance, side, region.number)
        for region in facts.inventory.all_regions
        if region.segment == device.segment and region.range is not None
        for fault in faults
        for distance, side in (
            (fault.address - region.limit, "after"),
            (region.base - fault.address, "before"),
        )
        if 0 < distance <= _NEAR
    ]
    if not near:
        return ""
    distance, side, number = min(near)
    end = "last byte" if side == "after" else "first byte"
    return f", but {distance:#x} bytes {side} the {end} of region {number}"


def _bounds_evidence(facts: TableFacts, region: Region) -> tuple[Evidence, ...]:
    """Show the bytes of a region's base and limit."""
    rmrr = next(structure for offset, structure in facts.structures if offset == region.offset)
    return (
        field(facts, region.offset, rmrr, "base_address", f"{region.base:#x}"),
        field(facts, region.offset, rmrr, "limit_address", f"{region.limit:#x}"),
    )


_RULES = {
    known.id: known
    for module in (damage, references, table, units, regions, scopes)
    for known in module.RULES
}
"""The rules that may say the same as the kernel; :data:`FINDINGS` tells which."""


@rule(
    "firmware-bug-logged",
    Severity.WARNING,
    "The kernel complains of the firmware",
    xen="Not Xen's word but Linux': see the other findings for what Xen makes of it.",
    linux="See the message.",
    advice="Update the firmware, and report the message to the vendor.",
    source="Linux intel/dmar.c, intel/iommu.c and intel/irq_remapping.c, FW_BUG",
    needs=(Need.BOOT_LOG,),
)
def firmware_bug(facts: TableFacts) -> Iterator[Hit]:
    """Find what the kernel says of firmware bugs about the IOMMU, each message once."""
    bugs = (_BUG.search(line) for line in facts.boot_log or ())
    reader = recogniser()
    for words in dict.fromkeys(bug["words"].strip() for bug in bugs if bug):
        meant = [recognised.message for recognised in reader.recognise(words).found]
        linux = f"{meant[0].title}." if meant else ""
        same = list(_agreeing_rules(facts, meant[0].id)) if meant else []
        also = f" That agrees with {', '.join(same)}." if same else ""
        region = _meant_region(facts, words)
        if region is not None:
            also = f" That is region {region.number}."
        yield Hit(
            message=f'The kernel says: "{words}".{also}',
            subject=words,
            linux=linux,
            region=None if region is None else region.number,
            evidence=() if region is None else _bounds_evidence(facts, region),
        )


def _agreeing_rules(facts: TableFacts, message: str) -> Iterator[str]:
    """Name the rules that stand behind a message and find something here, too."""
    for name in FINDINGS.get(message, ()):
        if name in _RULES and any(True for _ in _RULES[name].find(facts)):
            yield name


def _meant_region(facts: TableFacts, words: str) -> Region | None:
    """Find the region that a message names by its addresses."""
    match = _RANGE.search(words)
    if match is None:
        return None
    bounds = int(match[1], 16), int(match[2], 16)
    return next(
        (region for region in facts.inventory.all_regions if (region.base, region.limit) == bounds),
        None,
    )


RULES: tuple[Rule, ...] = (dma_fault, firmware_bug)
