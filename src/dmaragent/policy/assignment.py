"""What Xen does when it assigns a guest's devices, after the guest is built.

Source: Xen drivers/passthrough/vtd/iommu.c, ``intel_iommu_assign_device`` and
``reassign_device_ownership``; drivers/passthrough/x86/iommu.c, ``iommu_identity_mapping``;
arch/x86/mm/p2m.c, ``set_identity_p2m_entry``; tools libxl_pci.c, ``pci_add_dm_done``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.guests.rdm import Policy
from dmaragent.host.topology import PciFunction
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.policy.added_function import (
    IDENTITY_RULE,
    AddedFunction,
    guest_ram_in,
    refusal,
    warning,
)
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, SourceRule, undecided
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import RamLayout
from dmaragent.policy.settings import GuestDevice
from dmaragent.policy.words import assignment as words
from dmaragent.xen.hypervisor.behaviour import behaviours_of

SHARED_RULE = SourceRule("Xen vtd/iommu.c, intel_iommu_assign_device", "EPERM")
HOST_BRIDGE_RULE = SourceRule("Xen vtd/iommu.c, domain_context_mapping", "EPERM", of_regions=False)
OWN_RULE = SourceRule("Xen passthrough/pci.c, device_assigned", "EBUSY", of_regions=False)
UNIT_RULE = SourceRule("Xen vtd/iommu.c, domain_context_mapping", "ENODEV", of_regions=False)
BRIDGED_RULE = SourceRule("Xen vtd/iommu.c, domain_context_mapping", "EOPNOTSUPP")
FLAG_RULE = SourceRule("libxl_pci.c, pci_add_dm_done", of_regions=False)
ABSENT_RULE = SourceRule("libxl_pci.c, libxl__device_pci_add", of_regions=False)
NAME_RULE = SourceRule("libxl_pci.c, name2bdf", of_regions=False)
SLOT_RULE = SourceRule("libxl_pci.c, device_pci_add_stubdom_done", of_regions=False)
UNPROTECTED_RULE = SourceRule("libxl_pci.c, do_pci_add", of_regions=False)
UNTRANSLATED_RULE = SourceRule("Xen vtd/iommu.c, iommu_enable_translation", of_regions=False)
_IOMMU = 0x0806
_HOST_BRIDGE = 0x0600
_BRIDGE_CLASS = 0x06
_OTHER_BRIDGE = 0x0680
SUBTRACTIVE = 0x060401
"""The class of a bridge with subtractive decode. It leads to conventional PCI, because PCI Express
has no subtractive decode."""


def added_functions(
    devices: Sequence[tuple[GuestDevice, Policy]],
    host: HostFacts,
    present: Iterable[SBDF] = (),
) -> tuple[tuple[AddedFunction, ...], tuple[Decision, ...]]:
    """Return the functions that are added for `devices`, and the decisions about the others.

    `present` are functions that the guest already has.
    """
    before = frozenset(present)
    seen = set(before)
    functions: list[AddedFunction] = []
    decisions: list[Decision] = []
    for device, policy in devices:
        sbdfs = _functions_of(device, host)
        if isinstance(sbdfs, Decision):
            decisions.append(sbdfs)
            continue
        for sbdf in sbdfs:
            function = AddedFunction(sbdf, policy, device)
            if sbdf in seen:
                there = sbdf in before
                reason = (words.function_there_already if there else words.function_given_twice)(
                    sbdf
                )
                decisions.append(refusal(Decider.LIBXL, reason, ABSENT_RULE, function))
            else:
                seen.add(sbdf)
                functions.append(function)
    return tuple(functions), tuple(decisions)


def _functions_of(device: GuestDevice, host: HostFacts) -> tuple[SBDF, ...] | Decision:
    """Return the functions that an entry means, or why it means none or an unknown one."""
    pci = device.pci
    if pci.name is not None:
        named = host.names.get(pci.name)
        if named is not None:
            return (named,)
        return undecided(words.name_unknown(pci.name), rule=NAME_RULE, place=device.place)
    assert pci.sbdf is not None  # noqa: S101 - an entry has a name or an address
    if pci.all_functions and not pci.vslot:
        return Decision(
            decider=Decider.LIBXL,
            effect=Effect.REFUSED,
            reason=words.all_functions_without_slot(device.text),
            rule=SLOT_RULE,
            device=pci.sbdf,
            place=device.place,
        )
    return host.siblings(pci.sbdf) if pci.all_functions else (pci.sbdf,)


def assign(
    function: AddedFunction,
    host: HostFacts,
    ram: RamLayout | None,
    before: Collection[SBDF] = (),
) -> Iterator[Decision]:
    """Yield refusals, unknowns and warnings of the assignment of one function.

    `before` are the functions that the guest has by then. `ram` is the layout of an HVM guest. It
    is None for a PV guest: Xen maps its regions in the IOMMU alone, so they overlap nothing.
    """
    early = _whatever_the_regions(function, host)
    if early is not None:
        yield early
        return
    sbdf = function.sbdf
    if is_in_chipset((host.functions or {}).get(sbdf)):
        yield undecided(words.bridge(sbdf), device=sbdf, place=function.device.place)
    policy = Policy.STRICT if function.policy is Policy.INVALID else function.policy
    regions = host.regions_of(sbdf)
    yield from _open_questions(function, host, regions)
    if host.ivrs is not None:
        from dmaragent.policy.amd_assignment import (  # noqa: PLC0415 - 1 ms, for AMD hosts only
            assign_on_amd,
        )

        function = function._replace(policy=policy)
        yield from assign_on_amd(function, host, ram, host.ivrs, before)
        return
    yield from _with_unit_off(function, host)
    yield from _behind_conventional_bridge(function, host, regions)
    strict = policy is Policy.STRICT
    for shared in (host.shared or {}).get(sbdf, ()):
        region = shared.region
        if strict:
            reason = words.shared_and_strict(region, sbdf, shared.sharers)
            yield refusal(Decider.XEN, reason, SHARED_RULE, function, region)
        else:
            reason = words.shared_and_relaxed(region, sbdf, shared.sharers)
            yield warning(reason, SHARED_RULE, function, region, Harm.SHARED)
    for region in regions or ():
        overlap = None if ram is None else guest_ram_in(region, ram)
        if overlap is None:
            continue
        if strict:
            reason = words.ram_in_strict_region(region, sbdf, overlap)
            yield refusal(Decider.XEN, reason, IDENTITY_RULE, function, region)
        else:
            reason = words.ram_in_relaxed_region(region, sbdf, overlap)
            yield warning(reason, IDENTITY_RULE, function, region, Harm.CORRUPTION)


def _whatever_the_regions(function: AddedFunction, host: HostFacts) -> Decision | None:
    """Return the decision that no region changes; None if there is none."""
    sbdf = function.sbdf
    if host.functions is not None and sbdf not in host.functions:
        return refusal(Decider.LIBXL, words.function_absent(sbdf), ABSENT_RULE, function)
    chipset = _of_chipset(function, host)
    if chipset is not None:
        return chipset
    if function.policy is Policy.NEITHER:
        return refusal(Decider.LIBXL, words.inherits_no_policy(sbdf), FLAG_RULE, function)
    return _kept_by_xen(function, host) or _without_unit(function, host)


def add_without_iommu(function: AddedFunction, host: HostFacts) -> Decision:
    """Return the effect of a device that a PV guest has without an IOMMU: see contradictions.py."""
    sbdf = function.sbdf
    if host.functions is not None and sbdf not in host.functions:
        return refusal(Decider.LIBXL, words.function_absent(sbdf), ABSENT_RULE, function)
    if function.policy is Policy.NEITHER:
        return refusal(Decider.LIBXL, words.inherits_no_policy(sbdf), FLAG_RULE, function)
    return Decision(
        decider=Decider.XEN,
        effect=Effect.WARNING,
        reason=words.without_iommu(sbdf),
        rule=UNPROTECTED_RULE,
        device=sbdf,
        place=function.device.place,
        harm=Harm.ALL_HOST_MEMORY,
    )


def is_host_bridge(function: PciFunction | None) -> bool:
    """Return whether `function` is a host bridge by its class.

    Source: ``pdev_type``, DEV_TYPE_PCI_HOST_BRIDGE.
    """
    code = None if function is None else function.class_code
    return code is not None and code >> 8 == _HOST_BRIDGE


def is_in_chipset(function: PciFunction | None) -> bool:
    """Return whether `function` is a bridge of a known kind, a part of the chipset.

    A function of class 0680, "other bridge", can be a device of its own, if its header is not a
    bridge's: a non-transparent bridge, or a switch of graphics cards.
    """
    if function is None:
        return False
    kind = (function.class_code or 0) >> 8
    return function.is_bridge or (kind >> 8 == _BRIDGE_CLASS and kind != _OTHER_BRIDGE)


def _of_chipset(function: AddedFunction, host: HostFacts) -> Decision | None:
    """Return the decision on a host bridge or an IOMMU; None if the other rules decide."""
    sbdf = function.sbdf
    known = (host.functions or {}).get(sbdf)
    if host.vendor is IommuVendor.INTEL:
        if is_host_bridge(known):
            return refusal(Decider.XEN, words.host_bridge(sbdf), HOST_BRIDGE_RULE, function)
        return None
    if host.ivrs is None and _needs_ivrs(known):
        reason = words.unknown_without_ivrs(sbdf)
        return undecided(reason, device=sbdf, place=function.device.place)
    return None


def _needs_ivrs(function: PciFunction | None) -> bool:
    """Return whether AMD's table decides about `function`: a host bridge, or an IOMMU itself.

    The IVHD blocks cover almost every other function.
    """
    code = None if function is None else function.class_code
    return code is not None and code >> 8 in (_HOST_BRIDGE, _IOMMU)


def _without_unit(function: AddedFunction, host: HostFacts) -> Decision | None:
    """Return that Xen finds no remapping unit for a function, or that this is unknown; else None.

    If regions may be missing, so may units: the answer is then unknown for that reason.
    """
    sbdf, units = function.sbdf, host.units
    if units is None or host.incomplete:
        return None
    place = function.device.place
    if sbdf in units.without:
        if units.doubt:
            return undecided(units.doubt, rule=UNIT_RULE, device=sbdf, place=place)
        return refusal(Decider.XEN, words.no_unit(sbdf), UNIT_RULE, function)
    doubt = unit_doubt(sbdf, host)
    return undecided(doubt, rule=UNIT_RULE, device=sbdf, place=place) if doubt else None


def unit_doubt(sbdf: SBDF, host: HostFacts) -> str:
    """Return why it is unknown whether a unit serves `sbdf`, if only the table is known; or empty."""
    units = host.units
    if units is not None and sbdf in units.undecided:
        return words.unit_of_virtual_unknown(sbdf)
    if units is None or host.functions is not None:
        return ""
    named = sbdf.segment in units.rest or sbdf in units.named
    return "" if named else words.unit_unknown(sbdf)


def used_by_xen(sbdf: SBDF, host: HostFacts) -> tuple[str, bool]:
    """Return the option with which Xen uses `sbdf` itself, or may, and if it surely does; or empty."""
    function = (host.functions or {}).get(sbdf)
    for own in host.own_devices:
        is_it = own.may_be(sbdf, None if function is None else function.class_code)
        if is_it is not False:
            return own.option, is_it is True
    return "", False


def _kept_by_xen(function: AddedFunction, host: HostFacts) -> Decision | None:
    option, certain = used_by_xen(function.sbdf, host)
    if not option:
        return None
    if certain:
        reason = words.used_by_xen(function.sbdf, option)
        return refusal(Decider.XEN, reason, OWN_RULE, function)
    reason = words.may_be_used_by_xen(function.sbdf, option)
    return undecided(reason, rule=OWN_RULE, device=function.sbdf, place=function.device.place)


def _with_unit_off(function: AddedFunction, host: HostFacts) -> Iterator[Decision]:
    """Yield that the unit of a graphics device is off, if it is."""
    sbdf = function.sbdf
    if sbdf in host.untranslated:
        yield Decision(
            decider=Decider.XEN,
            effect=Effect.WARNING,
            reason=words.untranslated(sbdf, host.untranslated[sbdf]),
            rule=UNTRANSLATED_RULE,
            device=sbdf,
            place=function.device.place,
            harm=Harm.ALL_HOST_MEMORY,
        )


def _behind_conventional_bridge(
    function: AddedFunction, host: HostFacts, regions: tuple[AddressRange, ...] | None
) -> Iterator[Decision]:
    """Yield that Xen assigns no conventional device behind a bridge that has a region.

    The capability that marks a PCI Express device is beyond what is read of the configuration
    space. A bus below a bridge with subtractive decode is conventional. A bus with an endpoint that
    is not device 0 probably is.
    """
    keeping = {behaviour.keeps_bridged for behaviour in behaviours_of(host.release)}
    if not regions or True not in keeping:
        return
    sbdf = function.sbdf
    bridge, certain = host.conventional(sbdf, SUBTRACTIVE)
    if bridge is None:
        return
    if certain and False not in keeping:
        reason = words.conventional_pci(sbdf, bridge)
        yield refusal(Decider.XEN, reason, BRIDGED_RULE, function)
        return
    if certain:
        reason = words.conventional_pci_by_point_release(sbdf, bridge)
    else:
        reason = words.conventional_pci_possible(sbdf, bridge)
    shown, place = BRIDGED_RULE.error, function.device.place
    yield undecided(reason, rule=BRIDGED_RULE, shown=shown, device=sbdf, place=place)


def _open_questions(
    function: AddedFunction, host: HostFacts, regions: tuple[AddressRange, ...] | None
) -> Iterator[Decision]:
    """Yield why the regions of a function are uncertain, if they are."""
    sbdf, place = function.sbdf, function.device.place
    gap = host.gap_of(sbdf)
    unexplained = any(region in host.unexplained for region in regions or ())
    if gap is not None:
        reason = words.host_gap(sbdf, gap.unknown, gap.next_step)
        yield undecided(reason, device=sbdf, place=place)
    elif regions is None:
        yield undecided(words.regions_unknown(sbdf), device=sbdf, place=place)
    elif host.may_own_more(sbdf):
        reason = words.regions_may_be_more(sbdf, host.undetermined)
        yield undecided(reason, device=sbdf, place=place)
    elif not regions or function.policy is Policy.RELAXED:
        return
    elif host.shared is None:
        yield undecided(words.sharing_unknown_without_table(sbdf), device=sbdf, place=place)
    elif unexplained:
        yield undecided(words.sharing_unknown_of_structure(sbdf), device=sbdf, place=place)
