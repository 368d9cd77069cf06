"""What Linux does with a KVM guest that is given PCI devices by VFIO, and why.

Pure.  VFIO takes a device with its IOMMU group and maps all of the guest's RAM for it.  The
group's reserved regions decide, by type and kernel release (``linux/vfio.py``); whether RAM
lies in one depends on QEMU's memory layout (``guests/qemu_memory.py``).
"""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.guests.kvm_guest import KvmDevice, KvmGuest
from dmaragent.guests.qemu_memory import GuestRam, guest_ram
from dmaragent.inventory import Inventory, LinuxState
from dmaragent.passthrough.device_context import DeviceContext, names
from dmaragent.passthrough.iommu_off import iommu_unused
from dmaragent.passthrough.kvm_regions import Ram, region_decisions
from dmaragent.passthrough.kvm_resolution import AssignedFunction, KvmResolution
from dmaragent.passthrough.linux import linux_side
from dmaragent.passthrough.linux_group import (
    GROUP_RULE,
    has_host_driver,
    unread_mates,
    unready_mates,
)
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    SourceRule,
    Verdict,
    unsure,
    verdict_of,
)
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import Stack

_NO_GROUP = SourceRule("Linux vfio/group.c, vfio_group_find_or_alloc (iommu_group_get)", "EINVAL")
_TWICE = SourceRule("QEMU hw/vfio/pci.c, vfio_realize: device is already attached")
_NOT_FOUND = SourceRule("qemu-server PCI.pm, parse_hostpci: no PCI device found")


def resolve_kvm(
    guest: KvmGuest, inventory: Inventory, facts: HostFacts, stack: Stack
) -> KvmResolution:
    """Return what becomes of `guest` on the whole host of `inventory`."""
    layouts: tuple[GuestRam, ...] = ()
    if guest.memory is not None:
        layouts = guest_ram(guest.architecture, guest.machine, guest.memory, guest.below_4g)
    ram = Ram(layouts=layouts, guest=guest)
    decisions = [unsure(one.text, place=one.place) for one in guest.unknown]
    functions: list[AssignedFunction] = []
    by_kernel = False
    expanded = list(_expanded(guest, inventory, facts, decisions))
    assigned = frozenset(sbdf for _, sbdf in expanded)
    decisions += _twice(expanded)
    if expanded and inventory.linux_state is LinuxState.UNDER_XEN:
        decisions.append(_under_xen())
        functions += [
            AssignedFunction(device=setting, sbdf=sbdf, verdict=Verdict.REFUSED)
            for setting, sbdf in expanded
        ]
        expanded = []
    prerequisites: list[str] = []
    for setting, sbdf in expanded:
        device = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)
        its = [one._replace(place=setting.place) for one in _decide(device, ram, assigned)]
        decisions += its
        functions.append(
            AssignedFunction(device=setting, sbdf=sbdf, verdict=verdict_of(tuple(its)))
        )
        by_kernel = by_kernel or bool(device.published)
        prerequisites += _needs(setting, device)
    verdict = verdict_of(tuple(decisions))
    return KvmResolution(
        guest=guest,
        host=facts,
        kernel=inventory.host.system.kernel_release,
        by_kernel=by_kernel,
        verdict=verdict,
        reasons=_sorted(decisions),
        functions=tuple(functions),
        ram=layouts,
        prerequisites=tuple(dict.fromkeys(prerequisites)),
    )


def _sorted(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return the decisions, each once: what refuses before what is unknown, warnings last."""
    order = [Effect.REFUSED, Effect.UNDECIDED, Effect.WARNING]
    return tuple(sorted(dict.fromkeys(decisions), key=lambda one: order.index(one.effect)))


def _expanded(
    guest: KvmGuest, inventory: Inventory, facts: HostFacts, decisions: list[Decision]
) -> Iterator[tuple[KvmDevice, SBDF]]:
    """Yield the functions that each setting assigns; a slot has several."""
    for setting in guest.devices:
        if not setting.all_functions:
            yield setting, setting.sbdf
            continue
        slot = str(setting.sbdf).rpartition(".")[0]
        if facts.functions is None:
            said = (
                f"{setting.text} names the slot {slot}, so all of its functions: which there are is "
                "unknown (the host's PCI functions were not collected)"
            )
            decisions.append(unsure(said, place=setting.place))
            owners = {owner.sbdf for one in inventory.all_regions for owner in one.owners}
            candidates: Iterable[SBDF] = {one for one in owners if one is not None}
        else:
            candidates = facts.functions
        found = sorted(one for one in candidates if str(one).rpartition(".")[0] == slot)
        if not found and facts.functions is not None:
            decisions.append(
                Decision(
                    decider=Decider.PROXMOX,
                    effect=Effect.REFUSED,
                    reason=f"no PCI device found for '{slot}'",
                    rule=_NOT_FOUND,
                    place=setting.place,
                )
            )
        for sbdf in found:
            yield setting, sbdf


def _twice(expanded: Iterable[tuple[KvmDevice, SBDF]]) -> Iterator[Decision]:
    """Yield a refusal for each setting that assigns a function once more."""
    first: dict[SBDF, KvmDevice] = {}
    for setting, sbdf in expanded:
        before = first.setdefault(sbdf, setting)
        if before is not setting:
            yield Decision(
                decider=Decider.QEMU,
                effect=Effect.REFUSED,
                reason=f"{sbdf} is assigned twice, first by {before.text} ({before.place})",
                rule=_TWICE,
                place=setting.place,
                device=sbdf,
            )


def _under_xen() -> Decision:
    return Decision(
        decider=Decider.LINUX,
        effect=Effect.REFUSED,
        reason="this host runs Xen, which owns the IOMMU: dom0's Linux has no IOMMU groups, so "
        "VFIO has no device to give",
        rule=_NO_GROUP,
    )


def _decide(device: DeviceContext, ram: Ram, assigned: frozenset[SBDF]) -> Iterator[Decision]:
    """Yield what is decided about one function, without its place in the configuration."""
    side = linux_side(device)
    if device.absent:
        yield _refused(device, f"{device.sbdf} is not present on this host", None)
        return
    if iommu_unused(device):
        yield _refused(device, f"{device.sbdf}: {side.said}", _NO_GROUP)
        return
    decisions = [*region_decisions(device, ram)]
    refused = any(one.effect is Effect.REFUSED for one in decisions)
    yield from decisions
    if not refused:
        yield from _other_decisions(device, side, decisions)
    yield from _group(device, assigned)


def _other_decisions(
    device: DeviceContext, side: PlatformVerdict, regions: Sequence[Decision]
) -> Iterator[Decision]:
    """Yield what Linux decides apart from `regions`: class, header, chipset, options.

    If Linux publishes the regions, their decisions are complete.
    """
    refused = False
    if side.can is Can.NO:
        for case in side.cases:
            if case.can is Can.NO:
                said = f"{device.sbdf}: {case.said}"
                yield _refused(device, said, case.rule)._replace(shown=case.message)
                refused = True
        if not refused:
            yield _refused(device, f"{device.sbdf}: {side.said}", None)
    elif side.can is Can.UNKNOWN:
        open_already = any(one.effect is Effect.UNDECIDED for one in regions)
        if device.chipset or not (open_already or device.published):
            yield unsure(f"{device.sbdf}: {side.said}", device=device.sbdf)
    elif side.can is Can.CONDITIONS and not regions and not device.published:
        for case in side.cases:
            if case.can is Can.CONDITIONS and case.title != "group":
                yield Decision(
                    decider=Decider.LINUX,
                    effect=Effect.WARNING,
                    reason=f"{device.sbdf}: {case.said}",
                    rule=case.rule,
                    device=device.sbdf,
                )


def _refused(device: DeviceContext, reason: str, rule: SourceRule | None) -> Decision:
    return Decision(
        decider=Decider.LINUX,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        shown="" if rule is None else rule.error,
        device=device.sbdf,
    )


def _group(device: DeviceContext, assigned: frozenset[SBDF]) -> Iterator[Decision]:
    """Yield what the rest of the IOMMU group means: VFIO takes the group whole."""
    state = device.inventory.linux_state
    if device.group is None:
        if state is LinuxState.GROUPS:
            said = f"{device.sbdf} is in no IOMMU group, so VFIO cannot take it"
            yield _refused(device, said, _NO_GROUP)
        else:
            yield unsure(
                f"the IOMMU group of {device.sbdf} is unknown, and VFIO takes a group whole: "
                "/sys/kernel/iommu_groups was not collected",
                device=device.sbdf,
            )
        return
    known = device.inventory.host.topology.known
    busy = tuple(
        mate
        for mate in unready_mates(device)
        if mate not in assigned and mate in known and has_host_driver(known[mate])
    )
    if busy:
        number = device.group.number
        yield _refused(
            device,
            f"IOMMU group {number} of {device.sbdf} also holds {names(busy)}, which host drivers "
            "use: bind them to vfio-pci, or give them to this guest too",
            GROUP_RULE,
        )._replace(shown=f"group {number} is not viable")
        return
    unknown = tuple(mate for mate in unread_mates(device) if mate not in assigned)
    if unknown:
        yield unsure(
            f"IOMMU group {device.group.number} of {device.sbdf} also holds {names(unknown)}, "
            "and which drivers use them is unknown: VFIO refuses a group that a host driver uses",
            device=device.sbdf,
        )


def _needs(setting: KvmDevice, device: DeviceContext) -> Iterator[str]:
    function = device.function
    if setting.managed or function is None or not has_host_driver(function):
        return
    yield f"bind {device.sbdf} to vfio-pci (its driver is {function.driver})"
