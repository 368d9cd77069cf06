"""A guest with definite settings: checked, built, its devices assigned.

:func:`build` follows libxl, libxc, Xen and hvmloader, in that order. Sources: those that each rule
names.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from dmaragent.addresses import MIB, SBDF, AddressRange
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import DEFAULT_BOUNDARY, Policy, Strategy
from dmaragent.policy.assignment import add_without_iommu, added_functions, assign
from dmaragent.policy.contradictions import contradictions, goes_without_iommu, has_hap
from dmaragent.policy.decisions import (
    Decider,
    Decision,
    Effect,
    SourceRule,
    Verdict,
    refused,
    stops_of,
    undecided,
    verdict_of,
    warnings_of,
)
from dmaragent.policy.graphics import graphics_refusal
from dmaragent.policy.guest_types import creation_refusals, creation_unknown
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hvmloader import HvmloaderMemory, hvmloader_memory
from dmaragent.policy.layout import (
    HVM_RAM_START,
    DeviceRequest,
    GuestLayout,
    MapEntry,
    Placement,
    counts_as_overlap,
    lay_out,
    memory_map,
    reservations,
    starting_layout,
)
from dmaragent.policy.map_entries import MAP_RULE, refusal_of_map
from dmaragent.policy.settings import GuestDevice
from dmaragent.policy.words import building as words
from dmaragent.releases import Release
from dmaragent.xen.toolstack.libxl import LibxlBehaviour

BUILD_RULE = SourceRule("libxl_dm.c, libxl__domain_device_construct_rdm")
SIZE_RULE = SourceRule("xg_dom_x86.c, meminit_hvm", of_regions=False)
"""It compares the pages of the layout with those of the size: in 4.6 xc_hvm_build_x86.c's work."""
LOADER_RULE = SourceRule("xg_dom_core.c, xc_dom_build_image")
"""It copies hvmloader to 1 MiB of the guest: HVMLOADER_PHYSICAL_ADDRESS, hvmloader/config.h."""
TINY_RULE = LOADER_RULE._replace(of_regions=False)
HVMLOADER_RULE = SourceRule("hvmloader/e820.c, build_e820_table")
HVMLOADER_LEAST = 2 * MIB
"""The least low RAM with which hvmloader does not halt."""
TOO_MUCH_MOVED = frozenset({MAP_RULE, LOADER_RULE, HVMLOADER_RULE})
"""The rules that refuse a guest because RAM was moved away from regions."""
_KEPT = 1 << 12
"""The number of cached decisions about regions: many guests of one host have the same."""


class Scenario(NamedTuple):
    """Definite settings: one of the possible readings of a configuration."""

    strategy: Strategy
    policy: Policy
    """The guest's own policy, as read; INVALID: unset."""
    devices: tuple[GuestDevice, ...]
    device_policies: tuple[Policy, ...]
    """As read, one for each device; INVALID: unset."""


class BuiltGuest(NamedTuple):
    """The result for a guest in one scenario."""

    verdict: Verdict
    decisions: tuple[Decision, ...]
    """Refusals and unknowns; the first is the reason."""
    warnings: tuple[Decision, ...]
    layout: GuestLayout | None
    """None if it was not laid out: a PV guest, or refused before."""
    memory_map: tuple[MapEntry, ...]
    """In libxl's order; empty if libxl makes none."""


def build(
    guest: GuestConfig,
    scenario: Scenario,
    host: HostFacts,
    behaviour: LibxlBehaviour,
    release: Release,
) -> BuiltGuest:
    """Build `guest` on `host` by `behaviour` of tools of `release`, assign its devices, start it."""
    unknown = tuple(creation_unknown(guest, host))
    built = _build(guest, scenario, host, behaviour, release)
    if not unknown:
        return built
    stops = stops_of((*built.decisions, *unknown))
    return built._replace(verdict=verdict_of(stops), decisions=stops)


def _build(
    guest: GuestConfig,
    scenario: Scenario,
    host: HostFacts,
    behaviour: LibxlBehaviour,
    release: Release,
) -> BuiltGuest:
    """Build a guest of a type that Xen is assumed to run if that is unknown."""
    refusals = [
        *creation_refusals(guest, host, release),
        *contradictions(guest, host, len(scenario.devices), release),
    ]
    if refusals:
        refusals.sort(key=lambda decision: decision.decider is Decider.XEN)  # it comes last
        return _result(refusals)
    if guest.type is GuestType.HVM:
        return _build_hvm(guest, scenario, host, behaviour, release)
    if guest.type is GuestType.PVH:
        return _build_pvh(scenario)
    if host.iommu_off and goes_without_iommu(guest, host, release):
        return _result(tuple(_without_iommu(scenario, host)))
    return _result(tuple(_assignments(scenario, host, None)))


def _result(
    decisions: Sequence[Decision],
    layout: GuestLayout | None = None,
    entries: tuple[MapEntry, ...] = (),
) -> BuiltGuest:
    """Return the result with refusals before unknowns, and warnings apart."""
    stops = stops_of(decisions)
    return BuiltGuest(
        verdict=verdict_of(stops),
        decisions=stops,
        warnings=warnings_of(decisions),
        layout=layout,
        memory_map=entries,
    )


# The guest is built -----------------------------------------------------------------------


def _build_pvh(scenario: Scenario) -> BuiltGuest:
    if scenario.strategy is Strategy.IGNORE:
        return _result(())
    return _result((undecided(words.STRATEGY_OF_PVH_GUEST, rule=BUILD_RULE),))


def _build_hvm(
    guest: GuestConfig,
    scenario: Scenario,
    host: HostFacts,
    behaviour: LibxlBehaviour,
    release: Release,
) -> BuiltGuest:
    before = starting_layout(guest.most_memory, guest.video, guest.mmio_hole or 0)
    layout = lay_out(
        before,
        reservations(
            scenario.strategy,
            host.listed,
            Policy.RELAXED if scenario.policy is Policy.INVALID else scenario.policy,
            _requests(scenario, host, behaviour),
            behaviour,
        ),
        behaviour,
        boundary=DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary,
        hap=has_hap(guest, host),
    )
    regions = _RegionDecisions(scenario.devices, host, layout)
    if layout.refused_by is not None:
        return _result(tuple(regions.conflicts()), layout)
    obstacles = tuple(_build_obstacles(guest, layout))
    if obstacles:
        return _result(obstacles, layout)
    too_many = refusal_of_map(layout.shown, has_high=layout.has_high)
    if too_many is not None:
        return _result((too_many,), layout)
    entries = memory_map(layout)
    decisions = [
        *regions.hidden(),
        *graphics_refusal(guest, [device.asked for device in scenario.devices], host, release),
        *_assignments(scenario, host, layout),
        *_hvmloader_halts(layout, hvmloader_memory(release)),
    ]
    return _result(decisions, layout, entries)


def _build_obstacles(guest: GuestConfig, layout: GuestLayout) -> Iterator[Decision]:
    """Yield why libxc cannot build the guest; libxl checks no size."""
    low = layout.after.lowmem_end
    if guest.video > guest.most_memory:
        reason = words.video_exceeds_memory(guest.video, guest.most_memory)
        yield refused(Decider.LIBXL, reason, SIZE_RULE)
    elif low <= HVM_RAM_START:
        rule = TINY_RULE if low == layout.before.lowmem_end else LOADER_RULE
        yield refused(Decider.LIBXL, words.low_ram_below_loader(low, HVM_RAM_START), rule)


def _requests(
    scenario: Scenario, host: HostFacts, behaviour: LibxlBehaviour
) -> list[DeviceRequest]:
    """Return the query for each device that libxl makes before the guest is built."""
    requests = []
    for device, policy in zip(scenario.devices, scenario.device_policies, strict=True):
        settled = policy
        if policy is Policy.INVALID and behaviour.settles_device_policy:
            settled = Policy.STRICT
        regions = host.regions_of(device.asked) or ()
        requests.append(DeviceRequest(device.asked, regions, settled))
    return requests


class _RegionDecisions:
    """Returns decisions about regions; a guest can have thousands."""

    def __init__(
        self, devices: Sequence[GuestDevice], host: HostFacts, layout: GuestLayout
    ) -> None:
        self._host = host
        self._layout = layout
        self._strict: dict[SBDF | None, tuple[str, str]] = {None: (words.RDM_MAKES_STRICT, "")}
        for device in devices:  # the last entry of a device decides
            reason = words.device_makes_strict(device.asked, explicit=device.explicit)
            self._strict[device.asked] = (reason, device.place)

    def conflicts(self) -> Iterator[Decision]:
        """Yield the strict regions that RAM overlaps, and what makes them strict."""
        for placed in self._layout.placed:
            if placed.placement is not Placement.CONFLICT:
                continue
            region, _, device, _ = placed.reservation
            makes_strict, place = self._strict[device]
            concerned = device or next(iter(self._host.owners.get(region, ())), None)
            yield _conflict_decision(region, placed.reason, makes_strict, concerned, place)

    def hidden(self) -> Iterator[Decision]:
        """Yield warnings about regions that the guest's memory map does not show."""
        for placed in self._layout.placed:
            if placed.placement is not Placement.HIDDEN:
                continue
            region, policy, device, _ = placed.reservation
            conflicts = policy is not Policy.INVALID or self._layout.after.conflicts(region)
            shown = "Ignoring RDM conflict" if conflicts else ""
            yield _hidden_decision(region, placed.reason, shown, device, self._strict[device][1])


@lru_cache(_KEPT)
def _conflict_decision(
    region: AddressRange, why: str, makes_strict: str, device: SBDF | None, place: str
) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.REFUSED,
        reason=words.strict_region_in_ram(region, why, makes_strict),
        rule=BUILD_RULE,
        shown=f"RDM conflict at {region.start:#x}",
        region=region,
        device=device,
        place=place,
    )


@lru_cache(_KEPT)
def _hidden_decision(
    region: AddressRange, why: str, shown: str, device: SBDF | None, place: str
) -> Decision:
    return Decision(
        decider=Decider.LIBXL,
        effect=Effect.WARNING,
        reason=words.region_hidden(region, why),
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
    before: dict[SBDF, None] = {}
    for function in functions:
        # libxl may have left room for regions that are unknown here
        known = None if host.regions_of(function.sbdf) is None else ram
        yield from assign(function, host, known, before)
        before[function.sbdf] = None


def _without_iommu(scenario: Scenario, host: HostFacts) -> Iterator[Decision]:
    pairs = list(zip(scenario.devices, scenario.device_policies, strict=True))
    functions, decisions = added_functions(pairs, host)
    yield from decisions
    for function in functions:
        yield add_without_iommu(function, host)


def _hvmloader_halts(layout: GuestLayout, loader: HvmloaderMemory) -> Iterator[Decision]:
    """Yield why hvmloader stops the guest at start."""
    for placed in layout.placed:
        region = placed.reservation.region
        if placed.placement not in (Placement.CLEAR, Placement.MOVED):
            continue
        if counts_as_overlap(loader.sure.start, loader.sure.end, region):
            reason = words.hvmloader_meets_region(region, loader.sure)
            yield refused(Decider.HVMLOADER, reason, HVMLOADER_RULE)
        elif counts_as_overlap(loader.possible.start, loader.possible.end, region):
            reason = words.hvmloader_may_meet_region(region, loader.possible, loader.until)
            yield undecided(reason, rule=HVMLOADER_RULE)
    low = layout.after.lowmem_end
    if low < HVMLOADER_LEAST:
        reason = words.hvmloader_without_low_ram(low)
        yield refused(Decider.HVMLOADER, reason, HVMLOADER_RULE)
