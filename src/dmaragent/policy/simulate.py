"""What becomes of a guest once its settings are definite: built, then given its devices.

A function from frozen values to a frozen value: :func:`build`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.guests.config import GuestConfig, GuestType, Vga
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, MIB, Policy, Strategy
from dmaragent.policy.assignment import added_functions, assign
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    SourceRule,
    Verdict,
    refused,
    undecided,
    verdict_of,
)
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import (
    HVM_RAM_START,
    DeviceRequest,
    GuestLayout,
    MapEntry,
    PlacedRegion,
    Placement,
    counts_as_overlap,
    memory_map,
    reservations,
    resolve_layout,
    starting_layout,
)
from dmaragent.policy.settings import GuestDevice
from dmaragent.xen.toolstack.libxl import LibxlBehaviour

BUILD_RULE = SourceRule("libxl_dm.c, libxl__domain_device_construct_rdm")
SIZE_RULE = SourceRule("xg_dom_x86.c, meminit_hvm", of_regions=False)
"""It compares the pages of the layout with those of the size: in 4.6 xc_hvm_build_x86.c's work."""
SHADOW_RULE = SourceRule(
    "Xen x86/mm/shadow/none.c, shadow_domain_init", "EOPNOTSUPP", of_regions=False
)
MAP_RULE = SourceRule("libxl_x86.c, domain_construct_memmap")
LOADER_RULE = SourceRule("xg_dom_core.c, xc_dom_build_image")
"""It copies hvmloader to 1 MiB of the guest: HVMLOADER_PHYSICAL_ADDRESS, hvmloader/config.h."""
TINY_RULE = replace(LOADER_RULE, of_regions=False)
HVMLOADER_RULE = SourceRule("hvmloader/e820.c, build_e820_table")
HVMLOADER_OWN = AddressRange(0xFC100000, 0xFE000000)
"""What hvmloader keeps for itself: hvmloader/config.h, HVMLOADER dynamic area."""
HVMLOADER_LEAST = 2 * MIB
"""The low RAM without which hvmloader halts."""
TOO_MUCH_MOVED = frozenset({MAP_RULE, LOADER_RULE, HVMLOADER_RULE})
"""What refuses a guest for the regions that RAM was moved out of."""
_KEPT = 1 << 12
"""Decisions about regions that are kept: of many guests on one host most are the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Definite settings: one of the possible readings of a configuration."""

    strategy: Strategy
    policy: Policy
    """The guest's own, as read; INVALID is unset."""
    devices: tuple[GuestDevice, ...]
    device_policies: tuple[Policy, ...]
    """As read, one for each device; INVALID is unset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltGuest:
    """What became of a guest in one scenario."""

    verdict: Verdict
    decisions: tuple[Decision, ...]
    """What refuses it or leaves it undecided; the first is the reason."""
    warnings: tuple[Decision, ...]
    layout: GuestLayout | None
    """None where it was not laid out: a PV guest, or refused before."""
    memory_map: tuple[MapEntry, ...]
    """In libxl's order; empty where none is made."""


def build(
    guest: GuestConfig, scenario: Scenario, host: HostFacts, behaviour: LibxlBehaviour
) -> BuiltGuest:
    """Build `guest` on `host` by `behaviour`, and assign its devices."""
    early = tuple(_libxl_refusals(guest, host, len(scenario.devices)))
    if early:
        return _result(early)
    if guest.type is GuestType.HVM:
        return _build_hvm(guest, scenario, host, behaviour)
    if guest.type is GuestType.PVH:
        return _build_pvh(scenario)
    return _result(tuple(_assignments(scenario, host, None)))


def _result(
    decisions: Sequence[Decision],
    layout: GuestLayout | None = None,
    entries: tuple[MapEntry, ...] = (),
) -> BuiltGuest:
    """Sort refusals before what is undecided, and warnings apart."""
    order = (Effect.REFUSED, Effect.UNDECIDED)
    sorted_ones = tuple(one for effect in order for one in decisions if one.effect is effect)
    return BuiltGuest(
        verdict=verdict_of(sorted_ones),
        decisions=sorted_ones,
        warnings=tuple(one for one in decisions if one.effect is Effect.WARNING),
        layout=layout,
        memory_map=entries,
    )


def _build_pvh(scenario: Scenario) -> BuiltGuest:
    if scenario.strategy is Strategy.IGNORE:
        return _result(())
    reason = (
        "strategy=host for a PVH guest: libxl reserves regions for it by settings of another "
        "kind of guest; nobody has seen what comes of it"
    )
    return _result((undecided(reason, rule=BUILD_RULE),))


def _build_hvm(
    guest: GuestConfig, scenario: Scenario, host: HostFacts, behaviour: LibxlBehaviour
) -> BuiltGuest:
    before = starting_layout(guest.most_memory, guest.video, guest.mmio_hole or 0)
    if guest.hap is False and host.shadow is False:
        reason = "hap=0 needs shadow paging, which this Xen was built without"
        return _result((refused(Decider.XEN, reason, SHADOW_RULE),))
    open_hap = tuple(_paging_open(guest, host))
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
    told = _Told(scenario.devices, host, layout)
    if layout.refused_by is not None:
        conflicts = (one for one in layout.placed if one.placement is Placement.CONFLICT)
        return _result([*map(told.conflict, conflicts), *open_hap], layout)
    unbuilt = tuple(_unbuilt(guest, layout))
    if unbuilt:
        return _result([*unbuilt, *open_hap], layout)
    try:
        entries = memory_map(layout)
    except ValueError as error:
        return _result((refused(Decider.LIBXL, str(error), MAP_RULE),), layout)
    decisions = [
        *map(told.hidden, (one for one in layout.placed if one.placement is Placement.HIDDEN)),
        *_assignments(scenario, host, layout),
        *_hvmloader(layout),
        *open_hap,
    ]
    return _result(decisions, layout, entries)


def _unbuilt(guest: GuestConfig, layout: GuestLayout) -> Iterator[Decision]:
    """Yield why libxc cannot build the guest; libxl checks no size."""
    low = layout.after.lowmem_end
    if guest.video > guest.most_memory:
        reason = (
            f"{guest.video // MIB} MiB of video memory are more than the guest's "
            f"{guest.most_memory // MIB} MiB of memory: the size wraps around"
        )
        yield refused(Decider.LIBXL, reason, SIZE_RULE)
    elif low <= HVM_RAM_START:
        wraps = ". Its size in the memory map wraps around" if low < HVM_RAM_START else ""
        reason = (
            f"low RAM ends at {low:#x}, so the guest has none at {HVM_RAM_START:#x}, where "
            f"hvmloader is loaded{wraps}"
        )
        rule = TINY_RULE if low == layout.before.lowmem_end else LOADER_RULE
        yield refused(Decider.LIBXL, reason, rule)


def _paging_open(guest: GuestConfig, host: HostFacts) -> Iterator[Decision]:
    """Say that it is unknown whether the running Xen has the shadow paging that ``hap=0`` needs.

    Of a host without Xen it is predicted that it would: CONFIG_SHADOW_PAGING is on by default.
    """
    if guest.hap is False and host.shadow is None and host.xen_runs:
        reason = (
            "hap=0 needs shadow paging, and whether this Xen has it is unknown: virt_caps of "
            "`xl info` does not say. Xen's log (`xl dmesg`) or a guest with hap=0 shows it"
        )
        yield undecided(reason, rule=SHADOW_RULE, place=guest.places.get("hap", ""))


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


class _Told:
    """Puts what becomes of regions into decisions: of thousands for each guest."""

    def __init__(
        self, devices: Sequence[GuestDevice], host: HostFacts, layout: GuestLayout
    ) -> None:
        self._host = host
        self._layout = layout
        self._whose: dict[SBDF | None, tuple[str, str]] = {None: ("rdm= makes it strict", "")}
        for one in devices:  # the last that names a device decides
            default = "" if one.explicit else ", the default of a device"
            self._whose[one.asked] = (f"{one.asked} is strict{default}", one.place)

    def conflict(self, placed: PlacedRegion) -> Decision:
        """Say that a strict region holds RAM, and whose policy makes it strict."""
        region, _, device, _ = placed.reservation
        whose, place = self._whose[device]
        concerned = device or next(iter(self._host.owners.get(region, ())), None)
        return _conflict(region, placed.reason, whose, concerned, place)

    def hidden(self, placed: PlacedRegion) -> Decision:
        """Warn that the guest is not told of a region."""
        region, policy, device, _ = placed.reservation
        unset = policy is Policy.INVALID
        conflicts = not unset or self._layout.after.conflicts(region)
        shown = "Ignoring RDM conflict" if conflicts else ""
        return _hidden(region, placed.reason, shown, device, self._whose[device][1])


@lru_cache(_KEPT)
def _conflict(
    region: AddressRange, why: str, whose: str, device: SBDF | None, place: str
) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=f"the guest has RAM in {span(region)}: {why}; {whose}",
        rule=BUILD_RULE,
        shown=f"RDM conflict at {region.start:#x}",
        region=region,
        device=device,
        place=place,
    )


@lru_cache(_KEPT)
def _hidden(
    region: AddressRange, why: str, shown: str, device: SBDF | None, place: str
) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.WARNING,
        reason=f"the guest is not told of {span(region)}: {why}",
        rule=BUILD_RULE,
        shown=f"{shown} at {region.start:#x}" if shown else "",
        region=region,
        device=device,
        place=place,
    )


def _assignments(
    scenario: Scenario, host: HostFacts, layout: GuestLayout | None
) -> Iterator[Decision]:
    ram = None if layout is None else layout.after
    pairs = list(zip(scenario.devices, scenario.device_policies, strict=True))
    functions, decisions = added_functions(pairs, host)
    yield from decisions
    for one in functions:
        yield from assign(one, host, ram)


def _hvmloader(layout: GuestLayout) -> Iterator[Decision]:
    for one in layout.placed:
        told = one.placement in (Placement.CLEAR, Placement.MOVED)
        own = HVMLOADER_OWN
        if told and counts_as_overlap(own.start, own.end, one.reservation.region):
            reason = (
                f"the guest halts as it starts: {span(one.reservation.region)} is reserved in "
                f"{span(HVMLOADER_OWN)}, which hvmloader keeps for itself"
            )
            yield refused(Decider.HVMLOADER, reason, HVMLOADER_RULE)
    low = layout.after.lowmem_end
    if low < HVMLOADER_LEAST:
        reason = f"the guest halts as it starts: low RAM ends at {low:#x}, below 2 MiB"
        yield refused(Decider.HVMLOADER, reason, HVMLOADER_RULE)


# What libxl refuses before it builds anything -------------------------------------------

DEFAULTS_RULE = SourceRule("libxl_create.c, libxl__domain_config_setdefault", of_regions=False)
VIDEO_RULE = SourceRule("libxl_create.c, libxl__domain_build_info_setdefault", of_regions=False)
PVH_RULE = SourceRule("libxl_x86.c, libxl__arch_passthrough_mode_setdefault", of_regions=False)
SHARE_RULE = PVH_RULE
"""The same function refuses ``share_pt``, from 4.13 on, which is the first that reads it."""


def _libxl_refusals(guest: GuestConfig, host: HostFacts, devices: int) -> Iterator[Decision]:
    """Yield what libxl refuses of a guest with so many devices before anything is built."""
    passes = devices or guest.passthrough not in (None, "default", "disabled")
    if passes and host.iommu_off:
        reason = f"no device can be passed through: {host.iommu_off}"
        yield _refused(guest, reason, DEFAULTS_RULE, "pci")
    if devices and guest.passthrough == "disabled":
        reason = "it has devices, and passthrough is disabled"
        yield _refused(guest, reason, DEFAULTS_RULE, "passthrough")
    if guest.type is GuestType.PVH and devices:
        yield _refused(guest, "a PVH guest cannot be given PCI devices", PVH_RULE, "type")
    elif guest.type is GuestType.PVH and passes:
        reason = f"passthrough = {guest.passthrough} is refused for a PVH guest, devices or not"
        yield _refused(guest, reason, PVH_RULE, "passthrough")
    elif guest.passthrough == "share_pt" and passes:
        why = _why_not_shared(guest, host)
        if why:
            yield _refused(guest, f"passthrough = share_pt is {why}", SHARE_RULE, "passthrough")
        elif host.share_pt is None and host.xen_runs:
            reason = (
                "whether passthrough = share_pt is supported is unknown: virt_caps of `xl info` "
                "does not say (iommu_hap_pt_share)"
            )
            place = guest.places.get("passthrough", "")
            yield undecided(reason, rule=SHARE_RULE, place=place)
    less = guest.memory is not None and guest.memory < guest.most_memory
    if passes and less and guest.type is not GuestType.PV:
        reason = (
            f"memory ({(guest.memory or 0) // MIB} MiB) is less than maxmem "
            f"({guest.most_memory // MIB} MiB): populate on demand does not go with passthrough"
        )
        yield _refused(guest, reason, DEFAULTS_RULE, "maxmem")
    if guest.type is GuestType.HVM:
        yield from _video(guest)


def _why_not_shared(guest: GuestConfig, host: HostFacts) -> str:
    """Return why the guest cannot share the IOMMU's page tables with HAP; or an empty text."""
    if guest.type is GuestType.PV:
        return "not valid for a PV guest"
    if host.share_pt is False:
        return "not supported by this host: `xl info` lists no iommu_hap_pt_share"
    hap = guest.hap if guest.hap is not None else host.hap is not False
    return "" if hap else "only valid for guests with HAP"


def _video(guest: GuestConfig) -> Iterator[Decision]:
    least = guest.least_video
    model = "qemu-xen-traditional" if guest.is_traditional else "qemu-xen"
    if least is None:
        yield _refused(guest, f"{model} has no {guest.vga.value}", VIDEO_RULE, "vga")
    elif guest.video < least and not (guest.is_traditional and guest.vga is Vga.CIRRUS):
        reason = f"videoram is {guest.video // MIB} MiB; {guest.vga.value} needs {least // MIB}"
        yield _refused(guest, reason, VIDEO_RULE, "videoram")


def _refused(guest: GuestConfig, reason: str, rule: SourceRule, name: str) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        place=guest.places.get(name, ""),
    )
