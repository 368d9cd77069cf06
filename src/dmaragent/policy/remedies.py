"""What would help a guest: candidates, each tried by resolving the guest once more.

Pure.  Only what was tried and helped is offered, the safest first; where nothing helps,
that is said with its reason.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.platforms.libxl import toolstack_behaviours
from dmaragent.policy.assignment import ABSENT_RULE, added_functions
from dmaragent.policy.build import HVMLOADER_RULE, MAP_RULE
from dmaragent.policy.cases import Case
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.entries import changed, quoted, respelled, with_policy, written
from dmaragent.policy.guest import GuestConfig, GuestType, Vga
from dmaragent.policy.layout import DEFAULT_BOUNDARY, Outcome
from dmaragent.policy.model import MIB, Policy, Strategy
from dmaragent.policy.pci_model import PciText
from dmaragent.policy.resolver import Resolution
from dmaragent.policy.settings import DeviceSetting, Toolstack
from dmaragent.policy.spelling import spelling
from dmaragent.policy.trial import Remedies, Remedy, RemedyKind, Trial

ROUNDS = 4
"""How often devices are made relaxed before it is given up: refusals come one after another."""
_MOST_CANDIDATES = 32
"""Boundaries that are tried, nearest to the present one first."""


def remedies(resolution: Resolution) -> Remedies:
    """Find what helps the guest of `resolution`, if anything is wrong with it."""
    trial = Trial(resolution)
    spelt = spelling(trial)
    if resolution.verdict is Verdict.STARTS and not resolution.reasons:
        return Remedies((), "", spelt)
    undecided = bool(resolution.host.incomplete) and resolution.verdict is Verdict.UNDECIDED
    if resolution.stack.toolstack is Toolstack.XAPI or undecided:
        return Remedies((), _why_nothing(resolution), spelt)
    for attempt in _ATTEMPTS:
        attempt(trial)
    needed = resolution.verdict is not Verdict.STARTS and not trial.found
    nothing = _why_nothing(resolution) if needed else ""
    return Remedies(tuple(trial.found), nothing, spelt)


# The text and other settings --------------------------------------------------------------


def _respell(trial: Trial) -> None:
    """Write entries of ``pci=`` plainly that xl refuses or half reads."""
    if trial.stack.toolstack is not Toolstack.XL:
        return
    texts = {n: respelled(entry.text) for n, entry in enumerate(trial.guest.pci)}
    texts = {n: text for n, text in texts.items() if text != trial.guest.pci[n].text}
    if texts:
        guest, lines = changed(trial.guest, texts)
        trial.offer(RemedyKind.SPELLING, guest, {"pci": lines}, "written so, xl reads it")


def _settings(trial: Trial) -> None:
    """Change what other settings stand in the way; where that is not enough, go on from it."""
    guest, effects = trial.guest, []
    lines: dict[str, tuple[str, ...]] = {}
    passes = trial.devices or guest.passthrough not in (None, "default", "disabled")
    if guest.memory is not None and guest.memory < guest.most_memory and passes:
        lines |= trial.set("maxmem", guest.memory // MIB)
        effects.append("all memory is there from the start")
        guest = replace(guest, maximum=guest.memory)
    if guest.type is GuestType.PVH and trial.devices:
        lines |= trial.set("type", quoted(GuestType.HVM.value))
        effects.append("HVM guests can have devices")
        guest = replace(guest, type=GuestType.HVM)
    least = guest.least_video
    if guest.type is GuestType.HVM and least is None:
        lines |= trial.set("vga", quoted(Vga.STDVGA.value))
        effects.append("an adapter that the device model has")
        guest = replace(guest, vga=Vga.STDVGA)
    odd = guest.videoram is not None and not (least or 0) <= guest.videoram < guest.most_memory
    if guest.type is GuestType.HVM and least is not None and odd:
        lines |= trial.set("videoram", least // MIB)
        effects.append("the least that the adapter takes")
        guest = replace(guest, videoram=least)
    if guest.passthrough == "disabled" and trial.devices:
        lines |= trial.set("passthrough", quoted("enabled"))
        effects.append("devices need it")
        guest = replace(guest, passthrough="enabled")
    if lines and not trial.offer(RemedyKind.SETTING, guest, lines, "; ".join(effects)):
        trial.keep(guest, lines)


def _explicit(trial: Trial) -> None:
    """Say each device's policy, where it is undefined or, up to 4.13, not heeded in time."""
    unsettled = not all(
        one.layout.settles_device_policy for one in toolstack_behaviours(trial.stack.release)
    )
    undefined = len(trial.before.settings.policies) > 1
    texts = {
        one.number: with_policy(one, Policy.STRICT)
        for one in trial.devices
        if (one.policy is None and undefined) or (one.policy is Policy.INVALID and unsettled)
    }
    if not texts or trial.stack.toolstack is not Toolstack.XL:
        return
    guest, lines = changed(trial.guest, texts)
    effect = "said for each device, the policy is not left to memory never written"
    if not undefined:
        effect = "libxl up to 4.13 tells the guest of a region only where its policy is set"
    if not trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect) and undefined:
        trial.keep(guest, {"pci": lines})


def _by_address(trial: Trial) -> None:
    """Name a device by its address: by its name its regions are not reserved."""
    if trial.stack.toolstack is not Toolstack.XL:
        return
    texts = {}
    for one in trial.devices:
        address = trial.host.names.get(one.pci.name or "")
        if address is not None:
            texts[one.number] = written(replace(one.pci, name=None, sbdf=address), one.text)
    if texts:
        guest, lines = changed(trial.guest, texts)
        effect = "named by its address, its regions are reserved when the guest is built"
        trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect)


# Layout ---------------------------------------------------------------------------------


def _troubled(resolution: Resolution) -> set[AddressRange]:
    """Give the regions that hinder the guest in any case."""
    return {region for case in resolution.cases for region in _hindering(case)}


def _hindering(case: Case) -> Iterator[AddressRange]:
    for one in (*case.built.decisions, *case.built.warnings):
        if one.region is not None:
            yield one.region
        elif one.rule in (MAP_RULE, HVMLOADER_RULE) and case.built.layout is not None:
            for placed in case.built.layout.placed:
                if placed.outcome is Outcome.MOVED:
                    yield placed.reservation.region


def _boundary(trial: Trial) -> None:
    """Change the boundary, as little as helps; first so that no warning is left."""
    guest = trial.guest
    if guest.type is not GuestType.HVM or trial.stack.toolstack is not Toolstack.XL:
        return
    present = (DEFAULT_BOUNDARY if guest.boundary is None else guest.boundary) // MIB
    troubled = _troubled(trial.now)
    values = {(one.start - 1) // MIB for one in troubled if 0 < one.start <= present * MIB}
    values |= {-(-one.start // MIB) for one in troubled if one.start > present * MIB}
    helping: dict[int, int] = {}
    for value in sorted(values - {present}, key=lambda one: abs(one - present))[:_MOST_CANDIDATES]:
        warnings = trial.try_out(replace(guest, boundary=value * MIB))
        if warnings is not None:
            helping.setdefault(warnings, value)
        if warnings == 0:
            break
    if helping:
        value = helping[min(helping)]
        effect = "RAM is moved out of the way" if value < present else "RAM is not moved"
        other = replace(guest, boundary=value * MIB)
        lines = trial.set("rdm_mem_boundary", value)
        trial.offer(RemedyKind.BOUNDARY, other, lines, f"libxl: {effect}")


def _memory(trial: Trial) -> None:
    """Find the most memory with which the guest starts, first without a warning, by halving."""
    guest = trial.guest
    if guest.type is not GuestType.HVM or not _troubled(trial.now):
        return

    def with_memory(size: int) -> GuestConfig:
        return replace(guest, memory=size * MIB, maximum=None)

    least = guest.video // MIB + 3
    fewest = trial.try_out(with_memory(least))
    if guest.most_memory // MIB <= least or fewest is None:
        return

    def works(size: int) -> bool:
        left = trial.try_out(with_memory(size))
        return left is not None and left <= fewest

    most = guest.most_memory // MIB
    while most - least > 1:
        middle = (least + most) // 2
        if works(middle):
            least = middle
        else:
            most = middle
    lines = trial.set("memory", least)
    lines |= {} if guest.maximum is None else trial.set("maxmem", least)
    effect = "the most with which its RAM stays out of the way"
    if fewest:
        effect = "the most with which it starts so"
    trial.offer(RemedyKind.MEMORY, with_memory(least), lines, effect)


# Devices --------------------------------------------------------------------------------


def _hindrances(resolution: Resolution) -> Iterator[Decision]:
    for case in resolution.cases:
        yield from case.built.decisions or case.built.warnings


def _concerned(trial: Trial, resolution: Resolution) -> list[DeviceSetting]:
    """Give the devices that are in the way, by whatever function of theirs it is."""
    named = {one.device for one in _hindrances(resolution) if one.device is not None}
    found = []
    for device in trial.devices:
        added, _ = added_functions([(device, Policy.STRICT)], trial.host)
        if named & ({one.sbdf for one in added} | {device.pci.sbdf}):
            found.append(device)
    return found


def _virtual_functions(trial: Trial) -> None:
    """Pass a virtual function through instead of the physical one, where it has no region."""
    swaps: dict[SBDF, SBDF] = {}
    texts = {}
    for device in _concerned(trial, trial.now):
        physical = device.pci.sbdf
        if physical is None or device.pci.all_functions:
            continue
        free = (
            one
            for one in trial.host.virtual_functions(physical)
            if trial.host.regions_of(one) == () and one not in swaps.values()
        )
        virtual = next(free, None)
        if virtual is not None:
            swaps[physical] = virtual
            texts[device.number] = written(replace(device.pci, sbdf=virtual), device.text)
    if not swaps:
        return
    guest, lines = changed(trial.guest, texts)
    names = ", ".join(f"{virtual} instead of {physical}" for physical, virtual in swaps.items())
    lines = lines if trial.stack.toolstack is Toolstack.XL else (names,)
    effect = f"{names}: a virtual function is not in the region's scope"
    trial.offer(RemedyKind.VIRTUAL_FUNCTION, guest, {"pci": lines}, effect)


def _strategy(trial: Trial) -> None:
    """Leave ``strategy=host`` out: what is no device's of the guest need not be reserved."""
    if Strategy.HOST in trial.before.settings.strategies and trial.before.guest.rdm is not None:
        warnings = trial.try_out(replace(trial.before.guest, rdm=None))
        if warnings is not None:
            remedy = Remedy(
                kind=RemedyKind.STRATEGY,
                lines=(),
                effect="without rdm= only the regions of the guest's own devices are reserved",
                verdict=Verdict.STARTS,
                warnings=warnings,
            )
            trial.found.append(remedy)


def _relax(trial: Trial) -> None:
    """Make devices relaxed: as few as helps."""
    if trial.before.verdict is Verdict.STARTS or trial.stack.toolstack is Toolstack.LIBVIRT:
        return
    texts: dict[int, str] = {}
    after = trial.now
    for _ in range(ROUNDS):
        new = [one for one in _concerned(trial, after) if one.number not in texts]
        if not new:
            return
        texts |= {one.number: with_policy(one, Policy.RELAXED, _without_policy(one)) for one in new}
        guest, lines = changed(trial.guest, texts)
        after = trial.resolve(guest)
        if trial.better(after):
            if trial.stack.toolstack is Toolstack.QUBES:
                relaxed = [(one, Policy.RELAXED) for one in trial.devices if one.number in texts]
                added, _ = added_functions(relaxed, trial.host)
                lines = (f"option no-strict-reset for {', '.join(str(one.sbdf) for one in added)}",)
            trial.offer(RemedyKind.POLICY, guest, {"pci": lines}, _relaxed_effect(after))
            return


def _without_policy(device: DeviceSetting) -> PciText:
    return replace(device.pci, policy=None)


def _relaxed_effect(after: Resolution) -> str:
    lost = [one for one in after.reasons if one.decider is Decider.XEN]
    if not lost:
        return "relaxed: nothing is lost on this host as it is"
    regions = list(dict.fromkeys(span(one.region) for one in lost if one.region))
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    return f"at a risk: firmware's DMA to {regions[0]}{more} may meet others' memory"


def _relax_guest(trial: Trial) -> None:
    """Make the guest's own policy relaxed, where ``rdm=`` makes it strict and is taken."""
    settings = trial.before.settings
    if not settings.rdm_taken or settings.policies != (Policy.STRICT,):
        return
    text = "strategy=host,policy=relaxed"
    guest = replace(trial.guest, rdm=text)
    after = trial.resolve(guest)
    if after.settings.rdm_taken:
        lines = {"rdm": (f"rdm = {quoted(text)}",)}
        trial.offer(RemedyKind.POLICY, guest, lines, _relaxed_effect(after))


_ATTEMPTS: tuple[Callable[[Trial], None], ...] = (
    _respell,
    _settings,
    _explicit,
    _by_address,
    _boundary,
    _memory,
    _virtual_functions,
    _strategy,
    _relax,
    _relax_guest,
)


def _why_nothing(resolution: Resolution) -> str:
    """Say why no change of the configuration that was tried helps."""
    if resolution.stack.toolstack is Toolstack.XAPI:
        return "nothing was tried: XAPI's rules are not modelled"
    if resolution.host.incomplete and resolution.verdict is Verdict.UNDECIDED:
        return resolution.host.next_step or "first get the whole table: what it lacks may matter"
    if resolution.host.iommu_off and resolution.settings.devices:
        return "nothing in the guest's configuration helps: the host has no working IOMMU"
    first: Sequence[Decision] = resolution.reasons[:1]
    if any(one.decider in (Decider.XL, Decider.MANUAL) for one in first):
        return "correct it as the reason says"
    if any(one.rule == ABSENT_RULE for one in first):
        return "name each function once, one that answers: lspci -D lists them"
    if any(one.decider is Decider.DMARAGENT for one in first) and len(resolution.cases) < 2:
        return "nothing can be tried before that is known"
    return "no boundary, memory size, policy or virtual function that was tried helps"
