"""Whether a KVM guest with PCI devices (VFIO) starts, and why.

Pure.  VFIO attaches a device with its whole IOMMU group and maps all guest RAM for it.  The
group's reserved regions decide, by type and kernel release (``linux/vfio.py``).  Whether RAM
overlaps one depends on QEMU's memory layout (``guests/qemu_memory.py``).
"""

from collections.abc import Iterable, Iterator, Sequence

from dmaragent.addresses import SBDF
from dmaragent.guests.kvm_guest import KvmDevice, KvmGuest
from dmaragent.guests.qemu_memory import GuestRam, guest_ram
from dmaragent.inventory import Inventory
from dmaragent.linux.vfio import is_vfio_driver
from dmaragent.linux.view import LinuxState
from dmaragent.passthrough import interrupts_words, kvm_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.interrupts import INTERRUPTS_RULE
from dmaragent.passthrough.kvm_functions import (
    binds_whole_groups,
    function_decisions,
    iommu_decisions,
)
from dmaragent.passthrough.kvm_regions import KvmGuestRam, region_decisions
from dmaragent.passthrough.kvm_resolution import AssignedFunction, KvmResolution, RegionsSource
from dmaragent.passthrough.linux import linux_verdict
from dmaragent.passthrough.linux_group import (
    BRIDGE_RULE,
    GROUP_RULE,
    busy_bridges,
    has_host_driver,
    unread_mates,
    unready_mates,
)
from dmaragent.passthrough.model import Can, CaseKind, PlatformVerdict
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    SourceRule,
    Verdict,
    undecided,
    verdict_of,
)
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.readings import Missing

_NO_GROUP = SourceRule("Linux vfio/group.c, vfio_group_find_or_alloc (iommu_group_get)", "EINVAL")
_TWICE = SourceRule("QEMU hw/vfio/pci.c, vfio_realize: device is already attached")
_WHOLE_GROUP = SourceRule("pve-common SysFSTools.pm, pci_dev_group_bind_to_vfio")
_TWICE_ON_PROXMOX = SourceRule("qemu-server PCI.pm, choose_hostpci_devices")
_HOSTPCI = "hostpci"
_NOT_FOUND = SourceRule("qemu-server PCI.pm, parse_hostpci: no PCI device found")


def resolve_kvm(
    guest: KvmGuest, inventory: Inventory, facts: HostFacts, stack: Stack
) -> KvmResolution:
    """Return whether `guest` starts on the whole host of `inventory`, and why."""
    layouts: tuple[GuestRam, ...] = ()
    if guest.memory is not None:
        layouts = guest_ram(guest.architecture, guest.machine, guest.memory, guest.below_4g)
    ram = KvmGuestRam(layouts=layouts, guest=guest)
    decisions = [
        Decision(
            decider=Decider.PROXMOX,
            effect=Effect.REFUSED,
            reason=problem.text,
            place=problem.place,
        )
        for problem in guest.refusals
    ]
    decisions += [undecided(problem.text, place=problem.place) for problem in guest.unknown]
    decisions += iommu_decisions(guest)
    functions: list[AssignedFunction] = []
    by_kernel = False
    expanded = list(_assigned_functions(guest, inventory, facts, decisions))
    assigned = frozenset(sbdf for _, sbdf in expanded)
    decisions += _refusals_of_second_assignment(expanded)
    if expanded and inventory.linux.state is LinuxState.UNDER_XEN:
        decisions.append(
            Decision(
                decider=Decider.LINUX,
                effect=Effect.REFUSED,
                reason=kvm_words.HOST_RUNS_XEN,
                rule=_NO_GROUP,
            )
        )
        functions += [
            AssignedFunction(device=setting, sbdf=sbdf, verdict=Verdict.REFUSED)
            for setting, sbdf in expanded
        ]
        expanded = []
    for setting, sbdf in expanded:
        device = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)
        of_device = [
            decision._replace(place=setting.place)
            for decision in _decisions_on_device(setting, device, ram, assigned)
        ]
        decisions += of_device
        functions.append(
            AssignedFunction(
                device=setting,
                sbdf=sbdf,
                verdict=verdict_of(tuple(of_device)),
                prerequisite=_prerequisite(setting, device),
            )
        )
        by_kernel = by_kernel or bool(device.unexplained_regions)
    verdict = verdict_of(tuple(decisions))
    return KvmResolution(
        guest=guest,
        host=facts,
        kernel=inventory.host.system.kernel_release,
        regions_source=_regions_source(inventory, by_kernel=by_kernel),
        verdict=verdict,
        reasons=_by_effect(decisions),
        functions=tuple(functions),
        ram=layouts,
    )


def _regions_source(inventory: Inventory, *, by_kernel: bool) -> RegionsSource:
    if by_kernel:
        return RegionsSource.KERNEL
    return RegionsSource.NONE if isinstance(inventory.iommu, Missing) else RegionsSource.PREDICTED


def _by_effect(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return the decisions, each once: refusals, then unknowns, then warnings."""
    order = [Effect.REFUSED, Effect.UNDECIDED, Effect.WARNING]
    return tuple(
        sorted(dict.fromkeys(decisions), key=lambda decision: order.index(decision.effect))
    )


def _assigned_functions(
    guest: KvmGuest, inventory: Inventory, facts: HostFacts, decisions: list[Decision]
) -> Iterator[tuple[KvmDevice, SBDF]]:
    """Yield the functions that each setting assigns; a slot has several."""
    for setting in guest.devices:
        if not setting.all_functions:
            yield setting, setting.sbdf
            continue
        slot = str(setting.sbdf).rpartition(".")[0]
        if facts.functions is None:
            reason = kvm_words.slot_functions_unknown(setting, slot)
            decisions.append(undecided(reason, place=setting.place))
            owners = {owner.sbdf for region in inventory.all_regions for owner in region.owners}
            candidates: Iterable[SBDF] = {sbdf for sbdf in owners if sbdf is not None}
        else:
            candidates = facts.functions
        in_slot = sorted(sbdf for sbdf in candidates if str(sbdf).rpartition(".")[0] == slot)
        if not in_slot and facts.functions is not None:
            decisions.append(
                Decision(
                    decider=Decider.PROXMOX,
                    effect=Effect.REFUSED,
                    reason=kvm_words.slot_empty(slot),
                    rule=_NOT_FOUND,
                    place=setting.place,
                )
            )
        for sbdf in in_slot:
            yield setting, sbdf


def _refusals_of_second_assignment(
    expanded: Iterable[tuple[KvmDevice, SBDF]],
) -> Iterator[Decision]:
    """Yield a refusal for each setting that assigns a function again."""
    first: dict[SBDF, KvmDevice] = {}
    for setting, sbdf in expanded:
        earlier = first.setdefault(sbdf, setting)
        if earlier is not setting:
            of_proxmox = earlier.text.startswith(_HOSTPCI) and setting.text.startswith(_HOSTPCI)
            yield Decision(
                decider=Decider.PROXMOX if of_proxmox else Decider.QEMU,
                effect=Effect.REFUSED,
                reason=kvm_words.assigned_twice(sbdf, earlier),
                rule=_TWICE_ON_PROXMOX if of_proxmox else _TWICE,
                place=setting.place,
                device=sbdf,
            )


def _decisions_on_device(
    setting: KvmDevice, device: DeviceContext, ram: KvmGuestRam, assigned: frozenset[SBDF]
) -> Iterator[Decision]:
    """Yield the decisions on one function, without its place in the configuration."""
    verdict = linux_verdict(device)
    if device.absent:
        yield _refusal(device, kvm_words.not_present(device.sbdf), None)
        return
    if setting.unassigned:  # libvirt qemu_command.c, qemuBuildHostdevCommandLine
        return
    if device.iommu_unused:
        yield _refusal(device, kvm_words.of_function(device.sbdf, verdict.explanation), _NO_GROUP)
        return
    regions, interrupts = (
        [*region_decisions(device, ram)],
        [*_decisions_on_interrupts(setting, device)],
    )
    is_open = any(decision.effect is Effect.UNDECIDED for decision in (*regions, *interrupts))
    yield from (*regions, *interrupts)
    if not any(decision.effect is Effect.REFUSED for decision in regions):
        yield from _other_decisions(device, verdict, regions, open_already=is_open)
    yield from function_decisions(setting, device, assigned)
    binds_group = binds_whole_groups(ram.guest.format, setting)
    yield from _decisions_on_group(device, assigned, binds_group=binds_group)


def _decisions_on_interrupts(setting: KvmDevice, device: DeviceContext) -> Iterator[Decision]:
    """Yield what is open or risky if Linux remaps no interrupt, or if its options are unknown.

    iommufd has a parameter of its own (iommufd/device.c, ``iommufd_device_bind``), which is not read.
    """
    off, unsafe, reason = device.remapping_off, device.unsafe_interrupts, ""
    if off and setting.iommufd:
        reason = interrupts_words.interrupts_unknown_to_iommufd(off)
    elif off and unsafe:
        yield Decision(
            decider=Decider.LINUX,
            effect=Effect.WARNING,
            reason=kvm_words.of_function(device.sbdf, interrupts_words.interrupts_risk(off)),
            rule=INTERRUPTS_RULE,
            device=device.sbdf,
        )
    elif off and unsafe is None:
        reason = interrupts_words.interrupts_unknown(off)
    elif device.remapping_unknown:
        reason = interrupts_words.OPTIONS_UNKNOWN
    if reason:
        reason = kvm_words.of_function(device.sbdf, reason)
        yield undecided(reason, rule=INTERRUPTS_RULE, device=device.sbdf)


def _other_decisions(
    device: DeviceContext,
    verdict: PlatformVerdict,
    regions: Sequence[Decision],
    *,
    open_already: bool,
) -> Iterator[Decision]:
    """Yield what Linux decides apart from `regions`: class, header, chipset, options.

    If Linux publishes the regions, their decisions are complete.  A function of unknown class can
    be a bridge, whatever its regions.
    """
    if verdict.can is Can.NO:
        refusing = [case for case in verdict.cases if case.can is Can.NO]
        for case in refusing:
            reason = kvm_words.of_function(device.sbdf, case.explanation)
            yield _refusal(device, reason, case.rule)._replace(shown=case.message)
        if not refusing:
            yield _refusal(device, kvm_words.of_function(device.sbdf, verdict.explanation), None)
        return
    if verdict.can is Can.UNKNOWN:
        function = device.function
        may_be_bridge = function is None or function.class_code is None or device.in_chipset
        if may_be_bridge or not (open_already or device.unexplained_regions):
            reason = kvm_words.of_function(device.sbdf, verdict.explanation)
            yield undecided(reason, device=device.sbdf)
    kinds = {CaseKind.VIRTUAL_FUNCTIONS}
    if verdict.can is Can.CONDITIONS and not regions and not device.unexplained_regions:
        kinds = {*CaseKind} - {CaseKind.GROUP, CaseKind.INTERRUPTS}
    for case in verdict.cases:
        if case.can is Can.CONDITIONS and case.kind in kinds:
            yield Decision(
                decider=Decider.LINUX,
                effect=Effect.WARNING,
                reason=kvm_words.of_function(device.sbdf, case.explanation),
                rule=case.rule,
                device=device.sbdf,
            )


def _refusal(device: DeviceContext, reason: str, rule: SourceRule | None) -> Decision:
    return Decision(
        decider=Decider.LINUX,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        shown="" if rule is None else rule.error,
        device=device.sbdf,
    )


def _decisions_on_group(
    device: DeviceContext, assigned: frozenset[SBDF], *, binds_group: bool
) -> Iterator[Decision]:
    """Yield the decisions by the rest of the IOMMU group: VFIO attaches only whole groups.

    With `binds_group`, the rest is bound to vfio-pci when the guest starts.
    """
    state = device.inventory.linux.state
    if device.group is None:
        if device.without_group:
            yield _refusal(device, kvm_words.function_in_no_group(device.sbdf), _NO_GROUP)
        else:
            collected = state is LinuxState.GROUPS
            reason = kvm_words.group_of_function_unknown(device.sbdf, collected=collected)
            yield undecided(reason, device=device.sbdf)
        return
    bridges = busy_bridges(device)
    if bridges:  # Proxmox does not bind them either
        yield _decision_on_bridges(device, device.group.number, bridges)
    known = device.inventory.host.topology.known
    busy = tuple(
        mate
        for mate in unready_mates(device)
        if mate not in assigned and mate in known and has_host_driver(known[mate])
    )
    if busy and binds_group:
        yield Decision(
            decider=Decider.PROXMOX,
            effect=Effect.WARNING,
            reason=kvm_words.group_is_taken(device.group.number, device.sbdf, busy),
            rule=_WHOLE_GROUP,
            device=device.sbdf,
        )
        return
    if busy:
        number = device.group.number
        reason = kvm_words.group_busy(number, device.sbdf, busy)
        shown = kvm_words.group_not_viable(number)
        yield _refusal(device, reason, GROUP_RULE)._replace(shown=shown)
        return
    unknown = tuple(mate for mate in unread_mates(device) if mate not in assigned)
    if unknown and not binds_group:
        reason = kvm_words.group_drivers_unknown(device.group.number, device.sbdf, unknown)
        yield undecided(reason, device=device.sbdf)


def _decision_on_bridges(device: DeviceContext, group: int, bridges: tuple[SBDF, ...]) -> Decision:
    known = device.inventory.host.topology.known
    certain = tuple(bridge for bridge in bridges if has_host_driver(known[bridge]))
    if not certain or device.telling_release is None:
        reason = kvm_words.bridges_may_be_busy(group, device.sbdf, bridges)
        return undecided(reason, rule=BRIDGE_RULE, device=device.sbdf)
    reason = kvm_words.bridges_busy(group, device.sbdf, certain)
    shown = kvm_words.group_not_viable(group)
    return _refusal(device, reason, BRIDGE_RULE)._replace(shown=shown)


def _prerequisite(setting: KvmDevice, device: DeviceContext) -> str:
    """Return the step before the guest can start: who assigns it unmanaged, binds it; or empty.

    Source: libvirt src/hypervisor/virhostdev.c, ``virHostdevPreparePCIDevicesImpl``.
    """
    driver, function = device.driver, device.function
    bound = driver is not None and is_vfio_driver(driver)
    if setting.managed or device.absent or bound:
        return ""
    known = function is not None and function.driver_known
    return kvm_words.bind_to_vfio_first(device.sbdf, driver, known=known)
