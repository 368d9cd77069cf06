"""Trials of a guest's settings on a host: ``mmio_hole``, and the policies of its devices.

Pure. A setting is applied to the guest as a fix is, and the guest is resolved again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, MIB, SBDF, AddressRange
from dmaragent.fleet import setting_words as words
from dmaragent.fleet.guests import reason_of
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.added_function import guest_ram_in
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Effect, Harm, Verdict, exposed_regions, residual_risk
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.mmio_hole import BARS_END, steps_over_all
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import resolve
from dmaragent.policy.simulate import BuiltGuest
from dmaragent.remedies.xlcfg_lines import change_entries, with_policy

_ROUNDS = 4
"""The rounds in which entries are made relaxed: a refusal can hide another."""


class KnownHost(NamedTuple):
    """What decides about a guest of xl on a host."""

    facts: HostFacts
    stack: Stack


class EntryTexts(NamedTuple):
    """An entry of ``pci=`` as it is, and with each policy written."""

    text: str
    strict: str
    """The same as `text` if that sets a policy."""
    relaxed: str


class Setting(NamedTuple):
    """A change of a guest's configuration."""

    hole: int | None = None
    """``mmio_hole`` in MiB; None: as written."""
    entries: tuple[tuple[str, str], ...] = ()
    """The entries of ``pci=`` that change: as they are, and as they are to be."""
    memory: int | None = None
    """``memory`` in MiB; None: as written."""

    def apply(self, guest: GuestConfig) -> GuestConfig:
        """Return `guest` with this setting, for every release that reads its file."""
        older = tuple((until, self._apply(reading)) for until, reading in guest.older)
        return replace(self._apply(guest), older=older)

    def _apply(self, guest: GuestConfig) -> GuestConfig:
        new = dict(self.entries)
        texts = {number: new.get(entry.text, entry.text) for number, entry in enumerate(guest.pci)}
        changed, _ = change_entries(guest, texts)
        if self.memory is not None:
            changed = replace(changed, memory=self.memory * MIB, maximum=None)
        if self.hole is None:
            return changed
        kept = (complaint for complaint in guest.hvm_refusals if complaint.setting != "mmio_hole")
        return replace(changed, mmio_hole=self.hole * MIB, hvm_refusals=tuple(kept))


class HostRegions(NamedTuple):
    """The regions of a host that a guest's RAM should avoid, and the guest's entries."""

    own: tuple[AddressRange, ...]
    """Those of the guest's devices; all that Xen may list if the guest has ``strategy=host``."""
    every: tuple[AddressRange, ...]
    """Those of all devices of the host."""
    incomplete: str
    """Why `every` may not be complete; or empty."""
    entries: tuple[EntryTexts, ...]
    """The entries of ``pci=`` as this host's toolstack reads them."""


class SettingTrial(NamedTuple):
    """The result of a setting on a host."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Why it does not start, or why that is unknown; if it starts, its warnings."""
    harm: Harm = Harm.NONE
    """What the guest or the host is exposed to, if it starts."""
    exposed: tuple[AddressRange, ...] = ()
    """The regions with that harm."""
    most_memory: int | None = None
    """If RAM overlaps a region above 4 GiB: the largest ``memory`` in MiB that avoids it, tried."""


def regions_of(guest: GuestConfig, known: KnownHost) -> HostRegions:
    """Return the regions of a host that concern `guest`, and its entries as they are read there."""
    facts = known.facts
    resolution = resolve(guest, facts, known.stack)
    settings = resolution.settings
    own = {region for _, region in _device_regions(resolution)}
    of_devices = {region for found in facts.devices.values() for region in found or ()}
    every = of_devices | facts.possibly_listed
    if any(Strategy.HOST in reading.strategies for reading in resolution.readings):
        own |= facts.possibly_listed
    return HostRegions(
        own=tuple(sorted(own)),
        every=tuple(sorted(every)),
        incomplete=facts.incomplete or facts.unlisted,
        entries=tuple(
            EntryTexts(
                text=device.text,
                strict=with_policy(device, Policy.STRICT)
                if device.pci.policy is None
                else device.text,
                relaxed=with_policy(device, Policy.RELAXED),
            )
            for device in settings.devices
        ),
    )


def _device_regions(resolution: Resolution) -> Iterator[tuple[SBDF, AddressRange]]:
    """Yield the regions of each function that is assigned to the guest."""
    host = resolution.host
    pairs = [(device, Policy.STRICT) for device in resolution.settings.devices]
    functions, _ = added_functions(pairs, host)
    asked = {device.asked for device in resolution.settings.devices}
    for sbdf in dict.fromkeys((*(function.sbdf for function in functions), *sorted(asked))):
        for region in host.regions_of(sbdf) or ():
            yield sbdf, region


def entries_to_relax(
    guest: GuestConfig, known: KnownHost, setting: Setting, entries: Sequence[EntryTexts]
) -> frozenset[EntryTexts]:
    """Return the fewest entries that must be relaxed for `guest` with `setting` to start.

    They are as many as can help if it does not start.
    """
    relaxed: frozenset[EntryTexts] = frozenset()
    for _ in range(_ROUNDS):
        after = resolve(with_relaxed(setting, relaxed).apply(guest), *known)
        new = _refused_entries(after, setting, entries) - relaxed
        if after.verdict is Verdict.STARTS or not new:
            break
        relaxed |= new
    return relaxed


def with_relaxed(setting: Setting, relaxed: Iterable[EntryTexts]) -> Setting:
    """Return `setting` with these entries relaxed."""
    entries = dict(setting.entries) | {
        entry.text: entry.relaxed for entry in relaxed if entry.relaxed != entry.text
    }
    return setting._replace(entries=tuple(sorted(entries.items())))


def _refused_entries(
    resolution: Resolution, setting: Setting, entries: Sequence[EntryTexts]
) -> frozenset[EntryTexts]:
    """Return the entries whose policy refuses the guest because of a region."""
    refused = {
        decision.device
        for outcome in resolution.outcomes
        for decision in outcome.built.decisions
        if decision.effect is Effect.REFUSED and decision.region is not None
    }
    written = {new: old for old, new in setting.entries}
    texts = set()
    for device in resolution.settings.devices:
        functions, _ = added_functions([(device, Policy.STRICT)], resolution.host)
        if refused & {device.pci.sbdf, *(function.sbdf for function in functions)} - {None}:
            texts.add(written.get(device.text, device.text))
    return frozenset(entry for entry in entries if entry.text in texts)


def try_setting(guest: GuestConfig, known: KnownHost, setting: Setting) -> SettingTrial:
    """Return the result of `guest` with `setting` on a host."""
    changed = setting.apply(guest)
    resolution = resolve(changed, *known)
    worst_first = sorted(resolution.reasons, key=lambda reason: -reason.harm)
    verdict, reasons = resolution.verdict, tuple(map(reason_of, worst_first))
    if verdict is Verdict.STARTS and setting.hole is not None:
        doubt = next(_doubts(resolution), "")
        if doubt:
            verdict, reasons = Verdict.UNDECIDED, (doubt, *reasons)
    starts = verdict is Verdict.STARTS
    return SettingTrial(
        verdict=verdict,
        reasons=tuple(dict.fromkeys(reasons)),
        harm=residual_risk(resolution.reasons).harm if starts else Harm.NONE,
        exposed=exposed_regions(resolution.reasons) if starts else (),
        most_memory=_most_memory(changed, known, resolution),
    )


def _doubts(resolution: Resolution) -> Iterator[str]:
    """Yield why a region may be under a BAR: hvmloader begins to place them at the hole's start.

    It places none over a reserved entry of the guest's memory map.
    """
    for outcome in resolution.outcomes:
        built = outcome.built
        if built.layout is None or built.verdict is not Verdict.STARTS:
            continue
        reserved = [entry.range for entry in built.memory_map if entry.type is MemoryType.RESERVED]
        release = resolution.stack.release
        if len(reserved) > 1 and not steps_over_all(release):
            yield words.reserved_entries_not_all_avoided(release)
        for sbdf, region in _device_regions(resolution):
            if _may_have_bar(region, built, reserved):
                yield words.region_not_in_map(region, sbdf)


def _may_have_bar(
    region: AddressRange, built: BuiltGuest, reserved: Sequence[AddressRange]
) -> bool:
    """Return whether hvmloader may place a BAR over `region`."""
    assert built.layout is not None  # noqa: S101 - of a guest with a memory map
    ram = built.layout.after
    in_hole = region.start < BARS_END and region.end > ram.lowmem_end
    covered = any(entry.start <= region.start <= region.end <= entry.end for entry in reserved)
    return in_hole and not covered and guest_ram_in(region, ram) is None


def _most_memory(guest: GuestConfig, known: KnownHost, now: Resolution) -> int | None:
    """Return the largest ``memory`` in MiB with which RAM ends below every region above 4 GiB.

    None if no such region is in the way, or if less memory does not help.
    """
    layouts = [outcome.built.layout for outcome in now.outcomes if outcome.built.layout]
    high = {
        decision.region.start
        for decision in now.reasons
        if decision.region is not None and decision.region.start >= FOUR_GIB
    }
    if not high or not layouts:
        return None
    size = min(layout.after.lowmem_end for layout in layouts) + min(high) - FOUR_GIB + guest.video
    size -= size % MIB
    if size >= guest.most_memory:
        return None
    less = Setting(memory=size // MIB)
    after = resolve(less.apply(guest), *known)
    helps = after.verdict is Verdict.STARTS and residual_risk(after.reasons).harm < Harm.CORRUPTION
    return size // MIB if helps else None
