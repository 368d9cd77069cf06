"""How a rule about refused DMA in the boot log is made: ``vtd/`` and ``amd/`` have one each.

The log is Linux's own.  Under Xen it has no DMA faults: Xen prints them on its console.
"""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import PAGE, SBDF
from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.findings import range_evidence
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.inventory import Region
from dmaragent.iommu.claims import names as region_names
from dmaragent.linux.dma_faults import Fault, logs_physical_addresses, with_known_segment
from dmaragent.messages.faults import read_faults

_SHOWN = 3
"""How many addresses of one device are listed."""
_TRANSLATED = (
    "Boot with iommu=pt and check again: Linux translates the addresses of its drivers, so these "
    "need not be physical."
)
_NEAR = 1 << 20
"""Bytes: an address so near to a region was probably meant to be in it."""


def _faults(facts: CheckFacts) -> Iterator[Fault]:
    """Yield the faults of the log; Linux omits the segment, so its devices decide it."""
    for fault in read_faults("\n".join(facts.boot_log or ()), amd=True):
        if fault.segment_named:
            yield fault
        else:
            yield fault._replace(device=with_known_segment(fault.device, facts.functions or ()))


def fault_rule(name: str, *, xen: str, advice: str, details: str, source: str) -> Rule:
    """Return the rule that finds refused DMA in the boot log."""
    make = rule(
        name,
        Severity.ERROR,
        "The boot log shows DMA that the IOMMU refused",
        xen=xen,
        linux="Linux dropped the request: the device may hang or lose data.",
        advice=advice,
        details=details,
        source=source,
        needs=(Need.BOOT_LOG,),
    )
    return make(_fault_hits)


def _fault_hits(facts: CheckFacts) -> Iterator[Hit]:
    """Find refused DMA, by device and by the region of the address, if there is one."""
    translated = not logs_physical_addresses(facts.inventory.host.system.options)
    groups: dict[tuple[SBDF, Region | None], list[Fault]] = {}
    for fault in _faults(facts):
        region = _region_of(facts, fault)
        groups.setdefault((fault.device, region), []).append(fault)
    for (device, region), faults in groups.items():
        where = "outside every region"
        if region is not None:
            where = f"in {region.place}"
        refused = _refusal_words(faults)
        unsure = translated and not all(fault.by_xen for fault in faults)
        yield Hit(
            message=f"{device}: {refused}. {_place_words(facts, device, region, faults)}",
            brief=f"{device}: {_times_words(faults)} {where}, first at {faults[0].address:#x}.",
            subject=f"{device} {where}",
            device=device,
            region=None if region is None else region.number,
            advice=_TRANSLATED if unsure else "",
            evidence=() if region is None else range_evidence(facts, region),
        )


def _region_of(facts: CheckFacts, fault: Fault) -> Region | None:
    """Return the region that has the address of `fault`: one that names the device goes first."""
    page = fault.address | (PAGE - 1)  # only the page is logged
    having = [
        region
        for region in facts.inventory.all_regions
        if region.segment == fault.device.segment
        and region.first <= page
        and fault.address <= region.last
    ]
    named = (one for one in having if region_names(one.reserved.claims, fault.device))
    return next(named, next(iter(having), None))


def _refusal_words(faults: Sequence[Fault]) -> str:
    """Return what was refused: how often, in which direction, at which addresses, and why."""
    ways = " and ".join(sorted({"write" if fault.write else "read" for fault in faults}))
    addresses = [f"{address:#x}" for address in sorted({fault.address for fault in faults})]
    more = f" and {len(addresses) - _SHOWN} more" if len(addresses) > _SHOWN else ""
    reasons = "; ".join(dict.fromkeys(fault.reason for fault in faults if fault.reason))
    message = f"{_times_words(faults)} ({ways}) at {', '.join(addresses[:_SHOWN])}{more}"
    return f"{message} ({reasons})" if reasons else message


def _times_words(faults: Sequence[Fault]) -> str:
    """Return how often DMA was refused."""
    return "DMA refused once" if len(faults) == 1 else f"DMA refused {len(faults)} times"


def _place_words(
    facts: CheckFacts, device: SBDF, region: Region | None, faults: Sequence[Fault]
) -> str:
    """Return the region of the addresses, and whether the device is present."""
    if region is not None:
        named = region_names(region.reserved.claims, device)
        names = "names the device" if named else "does not name the device"
        message = f"The addresses are in region {region.number}, which {names}."
    else:
        message = f"No region has the addresses{_nearest_region_words(facts, device, faults)}."
    if facts.functions is not None and device not in facts.functions:
        message += (
            " No device is present at that address: it is hidden, or another device uses its number "
            "for requests."
        )
    return message


def _nearest_region_words(facts: CheckFacts, device: SBDF, faults: Sequence[Fault]) -> str:
    """Return the region that one of the addresses just misses, if there is one."""
    near = [
        (distance, side, region.number)
        for region in facts.inventory.all_regions
        if region.segment == device.segment and region.range is not None
        for fault in faults
        for distance, side in (
            (fault.address - region.last, "after"),
            (region.first - fault.address, "before"),
        )
        if 0 < distance <= _NEAR
    ]
    if not near:
        return ""
    distance, side, number = min(near)
    end = "last byte" if side == "after" else "first byte"
    return f"; the nearest is {distance:#x} bytes {side} the {end} of region {number}"
