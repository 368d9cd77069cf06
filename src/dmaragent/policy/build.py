"""What becomes of a guest once its settings are definite: built, then given its devices.

A function from frozen values to a frozen value: :func:`build`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.platforms.libxl import LibxlBehaviour
from dmaragent.policy.assignment import (
    ABSENT_RULE,
    FLAG_RULE,
    SLOT_RULE,
    Assigned,
    assign,
    assigned_functions,
)
from dmaragent.policy.decisions import Decider, Decision, Verdict, span
from dmaragent.policy.guest import GuestConfig, GuestType
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import (
    DEFAULT_BOUNDARY,
    Layout,
    MapEntry,
    Outcome,
    Placed,
    memory_map,
    reservations,
    resolve_layout,
    starting_layout,
)
from dmaragent.policy.model import MIB, DeviceRequest, Policy, Strategy
from dmaragent.policy.settings import DeviceSetting

BUILD_RULE = "libxl_dm.c, libxl__domain_device_construct_rdm"
DEFAULTS_RULE = "libxl_create.c, libxl__domain_config_setdefault"
LAYOUT_RULE = "libxl_dom.c, libxl__build_hvm"
VIDEO_RULE = "libxl_create.c, libxl__domain_build_info_setdefault"
MAP_RULE = "libxl_x86.c, domain_construct_memmap"
PVH_RULE = "libxl_x86.c, libxl__arch_passthrough_mode_setdefault"
HVMLOADER_RULE = "hvmloader/e820.c, build_e820_table"
INDEPENDENT_RULES = frozenset(
    {DEFAULTS_RULE, VIDEO_RULE, PVH_RULE, LAYOUT_RULE, ABSENT_RULE, SLOT_RULE, FLAG_RULE}
)
"""What refuses a guest whatever regions its host has."""
HVMLOADER_OWN = AddressRange(0xFC100000, 0xFE000000)
"""What hvmloader keeps for itself: hvmloader/config.h, HVMLOADER dynamic area."""
HVMLOADER_LEAST = 2 * MIB
"""The low RAM without which hvmloader halts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Definite settings: one of the possible readings of a configuration."""

    strategy: Strategy
    policy: Policy
    """The guest's own, as read; INVALID is unset."""
    devices: tuple[DeviceSetting, ...]
    device_policies: tuple[Policy, ...]
    """As read, one for each device; INVALID is unset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What became of a guest in one scenario."""

    verdict: Verdict
    decisions: tuple[Decision, ...]
    """What refuses it or leaves it undecided; the first is the reason."""
    warnings: tuple[Decision, ...]
    layout: Layout | None
    """None where it was not laid out: a PV guest, or refused before."""
    memory_map: tuple[MapEntry, ...]
    """In libxl's order; empty where none is made."""


def build(
    guest: GuestConfig, scenario: Scenario, host: HostFacts, behaviour: LibxlBehaviour
) -> Built:
    """Build `guest` on `host` by `behaviour`, and assign its devices."""
    early = tuple(_defaults(guest, scenario, host))
    if early:
        return _result(early)
    if guest.type is GuestType.HVM:
        return _build_hvm(guest, scenario, host, behaviour)
    if guest.type is GuestType.PVH:
        return _build_pvh(scenario)
    return _result(tuple(_assignments(scenario, host, None)))


def _result(
    decisions: Sequence[Decision],
    layout: Layout | None = None,
    entries: tuple[MapEntry, ...] = (),
) -> Built:
    """Sort refusals before what is undecided, and warnings apart."""
    refused = tuple(one for one in decisions if one.verdict is Verdict.REFUSED)
    unsure = tuple(one for one in decisions if one.verdict is Verdict.UNDECIDED)
    verdict = Verdict.REFUSED if refused else Verdict.UNDECIDED if unsure else Verdict.STARTS
    return Built(
        verdict=verdict,
        decisions=(*refused, *unsure),
        warnings=tuple(one for one in decisions if one.verdict is Verdict.STARTS),
        layout=layout,
        memory_map=entries,
    )


def _refused(decider: Decider, reason: str, rule: str, place: str = "") -> Decision:
    return Decision(decider=decider, verdict=Verdict.REFUSED, reason=reason, rule=rule, place=place)


def _defaults(guest: GuestConfig, scenario: Scenario, host: HostFacts) -> Iterator[Decision]:
    """Yield what libxl refuses before anything is built."""
    place = guest.places.get
    passes = scenario.devices or guest.passthrough not in (None, "default", "disabled")
    if passes and host.iommu_off:
        reason = f"no device can be passed through: {host.iommu_off}"
        yield _refused(Decider.LIBXL, reason, DEFAULTS_RULE, place("pci", ""))
    if scenario.devices and guest.passthrough == "disabled":
        reason = "it has devices, and passthrough is disabled"
        yield _refused(Decider.LIBXL, reason, DEFAULTS_RULE, place("passthrough", ""))
    if guest.type is GuestType.PVH and scenario.devices:
        reason = "a PVH guest cannot be given PCI devices"
        yield _refused(Decider.LIBXL, reason, PVH_RULE, place("type", ""))
    less = guest.memory is not None and guest.memory < guest.most_memory
    if passes and less and guest.type is not GuestType.PV:
        reason = (
            f"memory ({(guest.memory or 0) // MIB} MiB) is less than maxmem "
            f"({guest.most_memory // MIB} MiB): populate on demand does not go with devices"
        )
        yield _refused(Decider.LIBXL, reason, DEFAULTS_RULE, place("maxmem", ""))
    if guest.type is GuestType.HVM:
        yield from _video(guest)


def _video(guest: GuestConfig) -> Iterator[Decision]:
    least = guest.least_video
    model = "qemu-xen-traditional" if guest.is_traditional else "qemu-xen"
    if least is None:
        reason = f"{model} has no {guest.vga.value}"
        yield _refused(Decider.LIBXL, reason, VIDEO_RULE, guest.places.get("vga", ""))
    elif guest.video < least and not (guest.is_traditional and guest.vga.value == "cirrus"):
        reason = f"videoram is {guest.video // MIB} MiB; {guest.vga.value} needs {least // MIB}"
        yield _refused(Decider.LIBXL, reason, VIDEO_RULE, guest.places.get("videoram", ""))


def _build_pvh(scenario: Scenario) -> Built:
    if scenario.strategy is Strategy.IGNORE:
        return _result(())
    reason = (
        "strategy=host for a PVH guest: libxl reserves regions for it by settings of another "
        "kind of guest; nobody has seen what comes of it"
    )
    unsure = Decision(
        decider=Decider.DMARAGENT, verdict=Verdict.UNDECIDED, reason=reason, rule=BUILD_RULE
    )
    return _result((unsure,))


def _build_hvm(
    guest: GuestConfig, scenario: Scenario, host: HostFacts, behaviour: LibxlBehaviour
) -> Built:
    try:
        before = starting_layout(guest.most_memory, guest.video, guest.mmio_hole or 0)
    except ValueError as error:
        return _result((_refused(Decider.LIBXL, str(error), LAYOUT_RULE),))
    hap = guest.hap if guest.hap is not None else host.hap is not False
    boundary = DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary
    layout = resolve_layout(
        before,
        reservations(
            scenario.strategy,
            host.listed,
            Policy.RELAXED if scenario.policy is Policy.INVALID else scenario.policy,
            _requests(scenario, host, behaviour),
            behaviour,
        ),
        behaviour,
        boundary=boundary,
        hap=hap,
    )
    if layout.refused_by is not None:
        conflicts = [
            _conflict(one, scenario, host)
            for one in layout.placed
            if one.outcome is Outcome.CONFLICT
        ]
        return _result(conflicts, layout)
    try:
        entries = memory_map(layout)
    except ValueError as error:
        return _result((_refused(Decider.LIBXL, str(error), MAP_RULE),), layout)
    decisions = [
        *(_hidden(one, scenario, layout) for one in layout.placed if one.outcome is Outcome.HIDDEN),
        *_assignments(scenario, host, layout),
        *_hvmloader(layout),
    ]
    return _result(decisions, layout, entries)


def _requests(
    scenario: Scenario, host: HostFacts, behaviour: LibxlBehaviour
) -> list[DeviceRequest]:
    """Ask for each device as libxl does before the guest is built."""
    requests = []
    for device, policy in zip(scenario.devices, scenario.device_policies, strict=True):
        settled = policy
        if policy is Policy.INVALID and behaviour.settles_device_policy:
            settled = Policy.STRICT
        regions = host.regions_of(device.asked) or ()
        requests.append(DeviceRequest(device.asked, regions, settled))
    return requests


def _conflict(placed: Placed, scenario: Scenario, host: HostFacts) -> Decision:
    """Say that a strict region holds RAM, and whose policy makes it strict."""
    entry = placed.reservation
    device = entry.decided_by
    setting = _setting(scenario, device)
    if setting is None:
        whose = "rdm= makes it strict"
    else:
        whose = f"{device} is strict"
        whose += "" if setting.explicit else ", the default of a device"
    return Decision(
        decider=Decider.LIBXL,
        verdict=Verdict.REFUSED,
        reason=f"the guest has RAM in {span(entry.region)}: {placed.reason}; {whose}",
        rule=BUILD_RULE,
        shown=f"RDM conflict at {entry.region.start:#x}",
        region=entry.region,
        device=device or next(iter(host.owners.get(entry.region, ())), None),
        place=_place(scenario, device),
    )


def _setting(scenario: Scenario, device: SBDF | None) -> DeviceSetting | None:
    """Find the entry that decides for `device`: the last that names it."""
    return next((one for one in reversed(scenario.devices) if one.asked == device), None)


def _place(scenario: Scenario, device: SBDF | None) -> str:
    setting = _setting(scenario, device)
    return "" if setting is None else setting.place


def _hidden(placed: Placed, scenario: Scenario, layout: Layout) -> Decision:
    entry = placed.reservation
    conflicts = layout.after.overlaps(entry.region)
    return Decision(
        decider=Decider.LIBXL,
        verdict=Verdict.STARTS,
        reason=f"the guest is not told of {span(entry.region)}: {placed.reason}",
        rule=BUILD_RULE,
        shown=f"Ignoring RDM conflict at {entry.region.start:#x}" if conflicts else "",
        region=entry.region,
        device=entry.decided_by,
        place=_place(scenario, entry.decided_by),
    )


def _assignments(scenario: Scenario, host: HostFacts, layout: Layout | None) -> Iterator[Decision]:
    ram = None if layout is None else layout.after
    pairs = list(zip(scenario.devices, scenario.device_policies, strict=True))
    for one in assigned_functions(pairs, host):
        if isinstance(one, Assigned):
            yield from assign(one, host, ram)
        else:
            yield one


def _hvmloader(layout: Layout) -> Iterator[Decision]:
    for one in layout.placed:
        told = one.outcome in (Outcome.CLEAR, Outcome.MOVED)
        if told and one.reservation.region.overlaps(HVMLOADER_OWN):
            reason = (
                f"the guest halts as it starts: {span(one.reservation.region)} is reserved in "
                f"{span(HVMLOADER_OWN)}, which hvmloader keeps for itself"
            )
            yield _refused(Decider.HVMLOADER, reason, HVMLOADER_RULE)
    if layout.after.low_end < HVMLOADER_LEAST:
        reason = (
            f"the guest halts as it starts: low RAM ends at {layout.after.low_end:#x}, below 2 MiB"
        )
        yield _refused(Decider.HVMLOADER, reason, HVMLOADER_RULE)
