"""What Xen does when the devices of a guest are assigned to it, after it was built.

Source: Xen drivers/passthrough/vtd/iommu.c, ``intel_iommu_assign_device`` and
``reassign_device_ownership``; drivers/passthrough/x86/iommu.c, ``iommu_identity_mapping``;
arch/x86/mm/p2m.c, ``set_identity_p2m_entry``; tools libxl_pci.c, ``pci_add_dm_done``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.policy.decisions import Decider, Decision, Verdict, span
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.model import FOUR_GIB, Policy
from dmaragent.policy.settings import DeviceSetting

SHARED_RULE = "Xen vtd/iommu.c, intel_iommu_assign_device"
IDENTITY_RULE = "Xen x86/iommu.c, iommu_identity_mapping"
FLAG_RULE = "libxl_pci.c, pci_add_dm_done"
ABSENT_RULE = "libxl_pci.c, libxl__device_pci_add"
SLOT_RULE = "libxl_pci.c, device_pci_add_stubdom_done"
VGA_HOLE = AddressRange(0xA0000, 0xC0000)
"""Where an HVM guest has no RAM below its end of low RAM: libxc, ``LIBXL_VGA_HOLE_SIZE``."""
SPECIAL_PAGES = AddressRange(0xFEFF8000, 0xFF000000)
"""Pages that libxc fills in an HVM guest (xenstore, console, I/O requests): xg_dom_x86.c."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """One function that is assigned, and under which policy."""

    sbdf: SBDF
    policy: Policy
    device: DeviceSetting


def assigned_functions(
    devices: Sequence[tuple[DeviceSetting, Policy]],
    host: HostFacts,
    held: Iterable[SBDF] = (),
) -> Iterator[Assigned | Decision]:
    """Yield the functions that are added for `devices`, or why that cannot be or be said.

    `held` are functions that the guest has already.
    """
    seen = set(held)
    for one in _functions(devices, host):
        if isinstance(one, Assigned) and one.sbdf in seen:
            reason = f"{one.sbdf} is given twice: it is assigned to the guest already"
            yield _refusal(Decider.LIBXL, reason, ABSENT_RULE, one)
        else:
            yield one
        if isinstance(one, Assigned):
            seen.add(one.sbdf)


def _functions(
    devices: Sequence[tuple[DeviceSetting, Policy]], host: HostFacts
) -> Iterator[Assigned | Decision]:
    for device, policy in devices:
        pci = device.pci
        if pci.name is not None:
            named = host.names.get(pci.name)
            if named is None:
                yield Decision(
                    decider=Decider.DMARAGENT,
                    verdict=Verdict.UNDECIDED,
                    reason=f"which device name={pci.name} stands for is known to xenstore alone",
                    rule="libxl_pci.c, name2bdf",
                    place=device.place,
                )
            else:
                yield Assigned(named, policy, device)
        elif pci.all_functions and not pci.vslot:
            yield Decision(
                decider=Decider.LIBXL,
                verdict=Verdict.REFUSED,
                reason=f"{device.text}: all functions (*) need a place in the guest, as @VSLOT",
                rule=SLOT_RULE,
                device=pci.sbdf,
                place=device.place,
            )
        elif pci.sbdf is not None:
            wanted = host.siblings(pci.sbdf) if pci.all_functions else (pci.sbdf,)
            yield from (Assigned(sbdf, policy, device) for sbdf in wanted)


def assign(one: Assigned, host: HostFacts, ram: RamLayout | None) -> Iterator[Decision]:
    """Yield what stops or hinders the assignment of one function.

    `ram` is the layout of an HVM guest; None for a PV guest, whose regions are mapped in
    the IOMMU alone and meet nothing.
    """
    sbdf = one.sbdf
    if host.functions is not None and sbdf not in host.functions:
        reason = f"no function answers at {sbdf}: there is nothing to pass through"
        yield _refusal(Decider.LIBXL, reason, ABSENT_RULE, one)
        return
    policy = Policy.STRICT if one.policy is Policy.INVALID else one.policy
    regions = host.regions_of(sbdf)
    unsure = _unsure(one, host, regions)
    if unsure is not None:
        yield unsure
    if policy is Policy.NEITHER:
        reason = (
            f"{sbdf} inherits a policy that is neither strict nor relaxed: libxl does not add it"
        )
        yield _refusal(Decider.LIBXL, reason, FLAG_RULE, one)
        return
    for shared in (host.shared or {}).get(sbdf, ()):
        words = f"{span(shared.region)} of {sbdf} is shared: its scope has {shared.sharers} entries"
        if policy is Policy.STRICT:
            reason = f"{words}, and the device is strict"
            yield _refusal(Decider.XEN, reason, SHARED_RULE, one, shared.region)
        else:
            reason = f"{words}. Relaxed, Xen assigns it all the same, and calls it risky"
            yield _warning(Decider.XEN, reason, SHARED_RULE, one, shared.region)
    for region in regions or ():
        held = None if ram is None else _ram_in(region, ram)
        if held is None:
            continue
        words = f"the guest has RAM in {span(region)} of {sbdf}, at {span(held)}"
        if policy is Policy.STRICT:
            reason = f"{words}, and the device is strict: it cannot be mapped there"
            yield _refusal(Decider.XEN, reason, IDENTITY_RULE, one, region)
        else:
            reason = f"{words}: Xen skips those pages, and the device's DMA there meets guest RAM"
            yield _warning(Decider.XEN, reason, IDENTITY_RULE, one, region)


def _unsure(
    one: Assigned, host: HostFacts, regions: tuple[AddressRange, ...] | None
) -> Decision | None:
    """Say why the regions of a function are not known for certain, if they are not."""
    if regions is None:
        reason = f"the regions of {one.sbdf} are not known: Xen cannot be asked about it"
    elif host.may_own_more(one.sbdf):
        paths = ", ".join(host.undetermined)
        reason = f"whether {one.sbdf} owns more regions is not known: these paths could lead to it: {paths}"
    elif regions and host.shared is None and one.policy in (Policy.STRICT, Policy.INVALID):
        reason = f"whether the regions of {one.sbdf} are shared is not known: there is no table"
    else:
        return None
    return Decision(
        decider=Decider.DMARAGENT,
        verdict=Verdict.UNDECIDED,
        reason=reason,
        device=one.sbdf,
        place=one.device.place,
    )


def _ram_in(region: AddressRange, ram: RamLayout) -> AddressRange | None:
    """Give the first part of `region` where an HVM guest has RAM once it is built."""
    low = ram.low_end
    for start, end in (
        (0, min(low, VGA_HOLE.start)),
        (min(low, VGA_HOLE.end), low),
        (SPECIAL_PAGES.start, SPECIAL_PAGES.end),
        (FOUR_GIB, max(FOUR_GIB, ram.high_end)),
    ):
        at, to = max(start, region.start), min(end, region.end)
        if at < to:
            return AddressRange(at, to)
    return None


_ERRORS = {SHARED_RULE: "EPERM", IDENTITY_RULE: "EBUSY"}


def _refusal(
    decider: Decider, reason: str, rule: str, one: Assigned, region: AddressRange | None = None
) -> Decision:
    return Decision(
        decider=decider,
        verdict=Verdict.REFUSED,
        reason=reason,
        rule=rule,
        shown=_ERRORS.get(rule, ""),
        region=region,
        device=one.sbdf,
        place=one.device.place,
    )


def _warning(
    decider: Decider, reason: str, rule: str, one: Assigned, region: AddressRange
) -> Decision:
    return Decision(
        decider=decider,
        verdict=Verdict.STARTS,
        reason=reason,
        rule=rule,
        region=region,
        device=one.sbdf,
        place=one.device.place,
    )
