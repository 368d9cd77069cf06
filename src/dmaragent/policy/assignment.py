"""What Xen does when the devices of a guest are assigned to it, after it was built.

Source: Xen drivers/passthrough/vtd/iommu.c, ``intel_iommu_assign_device`` and
``reassign_device_ownership``; drivers/passthrough/x86/iommu.c, ``iommu_identity_mapping``;
arch/x86/mm/p2m.c, ``set_identity_p2m_entry``; tools libxl_pci.c, ``pci_add_dm_done``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.errors import excerpt
from dmaragent.guests.rdm import FOUR_GIB, Policy
from dmaragent.host.topology import PciFunction
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, SourceRule, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.settings import GuestDevice
from dmaragent.xen.hypervisor.behaviour import behaviours_of

SHARED_RULE = SourceRule("Xen vtd/iommu.c, intel_iommu_assign_device", "EPERM")
IDENTITY_RULE = SourceRule("Xen x86/iommu.c, iommu_identity_mapping", "EBUSY")
HOST_BRIDGE_RULE = SourceRule("Xen vtd/iommu.c, domain_context_mapping", "EPERM", of_regions=False)
BRIDGED_RULE = SourceRule("Xen vtd/iommu.c, domain_context_mapping", "EOPNOTSUPP")
FLAG_RULE = SourceRule("libxl_pci.c, pci_add_dm_done", of_regions=False)
ABSENT_RULE = SourceRule("libxl_pci.c, libxl__device_pci_add", of_regions=False)
NAME_RULE = SourceRule("libxl_pci.c, name2bdf", of_regions=False)
SLOT_RULE = SourceRule("libxl_pci.c, device_pci_add_stubdom_done", of_regions=False)
_HOST_BRIDGE = 0x0600
SUBTRACTIVE = 0x060401
"""The class of a bridge that decodes what nobody else does: to conventional PCI, for PCI Express
has no such thing."""
VGA_HOLE = AddressRange(0xA0000, 0xC0000)
"""Where an HVM guest has no RAM below its end of low RAM: libxc, ``LIBXL_VGA_HOLE_SIZE``."""
SPECIAL_PAGES = AddressRange(0xFEFF8000, 0xFF000000)
"""Pages that libxc fills in an HVM guest (xenstore, console, I/O requests): xg_dom_x86.c."""


@dataclass(frozen=True, slots=True)
class AddedFunction:
    """One function that is added to a guest, under which policy, and the entry it comes from."""

    sbdf: SBDF
    policy: Policy
    device: GuestDevice


def added_functions(
    devices: Sequence[tuple[GuestDevice, Policy]],
    host: HostFacts,
    held: Iterable[SBDF] = (),
) -> tuple[tuple[AddedFunction, ...], tuple[Decision, ...]]:
    """Give the functions that are added for `devices`, and what stops others or leaves them open.

    `held` are functions that the guest has already.
    """
    before = frozenset(held)
    seen = set(before)
    functions: list[AddedFunction] = []
    decisions: list[Decision] = []
    for device, policy in devices:
        wanted = _functions_of(device, host)
        if isinstance(wanted, Decision):
            decisions.append(wanted)
            continue
        for sbdf in wanted:
            one = AddedFunction(sbdf, policy, device)
            if sbdf in seen:
                why = "the guest has it already" if sbdf in before else "it is given twice"
                reason = f"{sbdf} cannot be added: {why}"
                decisions.append(_refusal(Decider.LIBXL, reason, ABSENT_RULE, one))
            else:
                seen.add(sbdf)
                functions.append(one)
    return tuple(functions), tuple(decisions)


def _functions_of(device: GuestDevice, host: HostFacts) -> tuple[SBDF, ...] | Decision:
    """Give the functions that one entry stands for, or why that cannot be or be said."""
    pci = device.pci
    if pci.name is not None:
        named = host.names.get(pci.name)
        if named is not None:
            return (named,)
        reason = f"which device name={excerpt(pci.name)} stands for is known to xenstore alone"
        return undecided(reason, rule=NAME_RULE, place=device.place)
    assert pci.sbdf is not None  # noqa: S101 - an entry has a name or an address
    if pci.all_functions and not pci.vslot:
        return Decision(
            decider=Decider.LIBXL,
            effect=Effect.REFUSED,
            reason=f"{device.text}: all functions (*) need a place in the guest, as @VSLOT",
            rule=SLOT_RULE,
            device=pci.sbdf,
            place=device.place,
        )
    return host.siblings(pci.sbdf) if pci.all_functions else (pci.sbdf,)


def assign(one: AddedFunction, host: HostFacts, ram: RamLayout | None) -> Iterator[Decision]:
    """Yield what stops or hinders the assignment of one function.

    `ram` is the layout of an HVM guest; None for a PV guest, whose regions are mapped in
    the IOMMU alone and meet nothing.
    """
    sbdf = one.sbdf
    if host.functions is not None and sbdf not in host.functions:
        reason = f"no function answers at {sbdf}: there is nothing to pass through"
        yield _refusal(Decider.LIBXL, reason, ABSENT_RULE, one)
        return
    if is_host_bridge((host.functions or {}).get(sbdf)):
        reason = f"{sbdf} is a host bridge, which Xen assigns to no guest"
        yield _refusal(Decider.XEN, reason, HOST_BRIDGE_RULE, one)
        return
    policy = Policy.STRICT if one.policy is Policy.INVALID else one.policy
    if policy is Policy.NEITHER:
        reason = (
            f"{sbdf} inherits a policy that is neither strict nor relaxed: libxl does not add it"
        )
        yield _refusal(Decider.LIBXL, reason, FLAG_RULE, one)
        return
    regions = host.regions_of(sbdf)
    yield from _open_questions(one, host, regions)
    yield from _bridged(one, host, regions)
    strict = policy is Policy.STRICT
    for shared in (host.shared or {}).get(sbdf, ()):
        words = f"{span(shared.region)} of {sbdf} is shared: its scope has {shared.sharers} entries"
        if strict:
            reason = f"{words}, and the device is strict"
            yield _refusal(Decider.XEN, reason, SHARED_RULE, one, shared.region)
        else:
            reason = f"{words}. Relaxed, Xen assigns it all the same, and calls it risky"
            yield _warning(reason, SHARED_RULE, one, shared.region, Harm.SHARED)
    for region in regions or ():
        held = None if ram is None else _ram_in(region, ram)
        if held is None:
            continue
        words = f"the guest has RAM in {span(region)} of {sbdf}, at {span(held)}"
        if strict:
            reason = f"{words}, and the device is strict: it cannot be mapped there"
            yield _refusal(Decider.XEN, reason, IDENTITY_RULE, one, region)
        else:
            reason = f"{words}: Xen skips those pages, and the device's DMA there meets guest RAM"
            yield _warning(reason, IDENTITY_RULE, one, region, Harm.CORRUPTION)


def is_host_bridge(function: PciFunction | None) -> bool:
    """Tell whether it is a host bridge, by its class: ``pdev_type``, DEV_TYPE_PCI_HOST_BRIDGE."""
    code = None if function is None else function.class_code
    return code is not None and code >> 8 == _HOST_BRIDGE


def _bridged(
    one: AddedFunction, host: HostFacts, regions: tuple[AddressRange, ...] | None
) -> Iterator[Decision]:
    """Say that a conventional device behind a bridge keeps its owner while it has a region.

    Whether a device is PCI Express stands beyond what is read of its configuration.  A bus
    below a bridge with subtractive decode is conventional; one with an endpoint that is not
    device 0 probably is.
    """
    keeping = {each.keeps_bridged for each in behaviours_of(host.release)}
    if not regions or True not in keeping:
        return
    above, certain = host.conventional(one.sbdf, SUBTRACTIVE)
    if above is None:
        return
    rule = "since XSA-400 Xen gives such a device to no guest while it has a region"
    if certain and False not in keeping:
        reason = f"{one.sbdf} is conventional PCI behind the bridge {above}: {rule}"
        yield _refusal(Decider.XEN, reason, BRIDGED_RULE, one)
        return
    reason = f"{one.sbdf} may be conventional PCI behind the bridge {above}: {rule}"
    if certain:
        reason = (
            f"{one.sbdf} is conventional PCI behind the bridge {above}: {rule}, and the first "
            "point releases of this series are without it"
        )
    shown, place = BRIDGED_RULE.error, one.device.place
    yield undecided(reason, rule=BRIDGED_RULE, shown=shown, device=one.sbdf, place=place)


def _open_questions(
    one: AddedFunction, host: HostFacts, regions: tuple[AddressRange, ...] | None
) -> Iterator[Decision]:
    """Say why the regions of a function are not known for certain, if they are not."""
    sbdf, place = one.sbdf, one.device.place
    gap = host.gap_of(sbdf)
    sharing_open = host.shared is None or any(each in host.unexplained for each in regions or ())
    if gap is not None:
        yield undecided(
            f"{sbdf}: {gap.unknown}. {gap.next_step.capitalize()}", device=sbdf, place=place
        )
    elif regions is None:
        reason = f"the regions of {sbdf} are not known: Xen cannot be asked about it"
        yield undecided(reason, device=sbdf, place=place)
    elif host.may_own_more(sbdf):
        paths = ", ".join(host.undetermined)
        reason = (
            f"whether {sbdf} owns more regions is not known: these paths may lead to it: {paths}"
        )
        yield undecided(reason, device=sbdf, place=place)
    elif regions and sharing_open and one.policy is not Policy.RELAXED:
        why = "there is no table" if host.shared is None else "no structure of the table has them"
        reason = f"whether the regions of {sbdf} are shared is not known: {why}"
        yield undecided(reason, device=sbdf, place=place)


def _ram_in(region: AddressRange, ram: RamLayout) -> AddressRange | None:
    """Give the first part of `region` where an HVM guest has RAM once it is built."""
    low = ram.lowmem_end
    for start, end in (
        (0, min(low, VGA_HOLE.start)),
        (min(low, VGA_HOLE.end), low),
        (SPECIAL_PAGES.start, SPECIAL_PAGES.end),
        (FOUR_GIB, max(FOUR_GIB, ram.highmem_end)),
    ):
        at, to = max(start, region.start), min(end, region.end)
        if at < to:
            return AddressRange(at, to)
    return None


def _refusal(
    decider: Decider,
    reason: str,
    rule: SourceRule,
    one: AddedFunction,
    region: AddressRange | None = None,
) -> Decision:
    return Decision(
        decider=decider,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        shown=rule.error,
        region=region,
        device=one.sbdf,
        place=one.device.place,
    )


def _warning(
    reason: str, rule: SourceRule, one: AddedFunction, region: AddressRange, harm: Harm
) -> Decision:
    return Decision(
        decider=Decider.XEN,
        effect=Effect.WARNING,
        reason=reason,
        rule=rule,
        region=region,
        device=one.sbdf,
        place=one.device.place,
        harm=harm,
    )
