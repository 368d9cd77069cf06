"""Remedies in which devices and regions count, and how strictly."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from dmaragent.addresses import SBDF, span
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.pci import PciText
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Decision, Harm, Verdict, residual_risk
from dmaragent.policy.resolver import Resolution
from dmaragent.policy.settings import GuestDevice, Toolstack
from dmaragent.remedies.guests.configuration import addressed
from dmaragent.remedies.guests.layout import change_boundary, joined, reduce_memory
from dmaragent.remedies.guests.trial import Remedy, RemedyKind, Trial
from dmaragent.remedies.xlcfg_lines import changed, quoted, with_policy, written

_UNCHECKED = "Xen no longer refuses a region that is shared or that guest RAM is in"
_ROUNDS = 4
"""How often devices are made relaxed before it is given up: refusals come one after another."""


def _hindrances(resolution: Resolution) -> Iterator[Decision]:
    for case in resolution.outcomes:
        yield from case.built.decisions or case.built.warnings


def _concerned(trial: Trial, resolution: Resolution) -> list[GuestDevice]:
    """Give the devices that are in the way, by whatever function of theirs it is."""
    named = {one.device for one in _hindrances(resolution) if one.device is not None}
    found = []
    for device in trial.devices:
        added, _ = added_functions([(device, Policy.STRICT)], trial.host)
        if named & ({one.sbdf for one in added} | {device.pci.sbdf}):
            found.append(device)
    return found


def use_virtual_functions(trial: Trial) -> None:
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
    effect = f"Pass through {names}: no region names a virtual function"
    cost = "the guest has a virtual function and not the whole device"
    kind = RemedyKind.VIRTUAL_FUNCTION
    if not trial.offer(kind, guest, {"pci": lines}, effect, cost):
        _with_ram_moved(trial.changed_by(guest, {"pci": lines}), trial, kind, effect, cost)


def _with_ram_moved(changed: Trial, trial: Trial, kind: RemedyKind, effect: str, cost: str) -> None:
    """Try a change together with a boundary, and with less memory; offer what helps."""
    change_boundary(changed, kind, effect, cost)
    reduce_memory(changed, kind, effect, cost)
    trial.found += changed.found


def leave_out_strategy(trial: Trial) -> None:
    """Leave ``strategy=host`` out: what is no device's of the guest need not be reserved."""
    if Strategy.HOST in trial.before.settings.strategies and trial.before.guest.rdm is not None:
        left = trial.try_out(replace(trial.before.guest, rdm=None))
        if left is not None:
            remedy = Remedy(
                kind=RemedyKind.STRATEGY,
                lines=(),
                effect="Leave out rdm=: only the regions of the guest's own devices are reserved",
                verdict=Verdict.STARTS,
                warnings=left.warnings,
                harm=left.harm,
                cost="other devices with regions cannot be attached to the running guest",
                undo="put back the present rdm=",
            )
            trial.found.append(remedy)


def relax_devices(trial: Trial) -> None:
    """Make devices relaxed: as few as helps, with RAM moved out of their regions if it can be."""
    if trial.before.verdict is Verdict.STARTS or trial.stack.toolstack is Toolstack.LIBVIRT:
        return
    relaxed = _relaxed_devices(trial, trial.guest, trial.now)
    if relaxed is not None:
        _offer_relaxed(trial, *relaxed)
    elif not trial.found and trial.stack.toolstack is Toolstack.XL:
        trial.found += _relaxed_with_ram_moved(trial)


def _relaxed_with_ram_moved(trial: Trial) -> list[Remedy]:
    """Return what helps of relaxing the devices in the way together with moving RAM.

    Neither helps alone if regions of other devices are reserved too (``strategy=host``).
    """
    concerned = _concerned(trial, trial.now)
    texts = {
        one.number: with_policy(one, Policy.RELAXED, _without_policy(one)) for one in concerned
    }
    if not texts:
        return []
    guest, pci = changed(trial.guest, texts)
    lines = {"pci": pci}
    return _pairs(trial, trial.changed_by(guest, lines), lines)


def _relaxed_devices(
    trial: Trial, start: GuestConfig, now: Resolution
) -> tuple[GuestConfig, Mapping[str, tuple[str, ...]]] | None:
    """Return `start` with as few devices relaxed as lets it start, and the lines; or None."""
    texts: dict[int, str] = {}
    after = now
    for _ in range(_ROUNDS):
        new = [one for one in _concerned(trial, after) if one.number not in texts]
        if not new:
            return None
        texts |= {one.number: with_policy(one, Policy.RELAXED, _without_policy(one)) for one in new}
        guest, lines = changed(start, texts)
        after = trial.resolve(guest)
        if trial.better(after):
            if trial.stack.toolstack is Toolstack.QUBES:
                relaxed = [(one, Policy.RELAXED) for one in trial.devices if one.number in texts]
                added, _ = added_functions(relaxed, trial.host)
                lines = (f"option no-strict-reset for {', '.join(str(one.sbdf) for one in added)}",)
            return guest, {"pci": lines}
    return None


def _offer_relaxed(trial: Trial, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> None:
    """Offer a relaxed guest; if that leaves DMA in guest RAM, with its RAM moved as well."""
    after = trial.resolve(guest)
    left = residual_risk(after.reasons)
    if not trial.better(after):
        return
    pairs: list[Remedy] = []
    if left.harm is Harm.CORRUPTION and not any(one.harm < left.harm for one in trial.found):
        tried = _pairs(trial, trial.changed_by(guest, lines), lines)
        pairs = [one for one in tried if (one.harm, one.warnings) < left]
        trial.found += pairs
    if not any("rdm_mem_boundary" in line for one in pairs for line in one.lines):
        effect = _relaxed_effect(lines, after)
        trial.offer(RemedyKind.POLICY, guest, lines, effect, _UNCHECKED)


def _pairs(trial: Trial, relaxed: Trial, lines: Mapping[str, tuple[str, ...]]) -> list[Remedy]:
    """Try where RAM can be moved with the relaxed guest, and relax no more than is then needed."""
    first = f"Relax {_whose_policy(lines)}, at a risk"
    for move in (change_boundary, reduce_memory):
        before = len(relaxed.found)
        ram = move(relaxed, RemedyKind.POLICY, first, _UNCHECKED)
        if ram is None or "rdm" in lines or trial.stack.toolstack is not Toolstack.XL:
            continue
        start = ram.made_to(trial.guest)
        fewer = _relaxed_devices(trial, start, trial.resolve(start))
        if fewer is None or fewer[1] == lines:
            continue
        apart = trial.changed_by(fewer[0], {**fewer[1], **ram.lines})
        cost = joined(_UNCHECKED, ram.cost) if ram.cost else _UNCHECKED
        if apart.offer(RemedyKind.POLICY, fewer[0], {}, joined(first, ram.effect), cost):
            relaxed.found[before:] = apart.found
    return relaxed.found


def _whose_policy(lines: Mapping[str, tuple[str, ...]]) -> str:
    if "rdm" in lines:
        return "the guest and its devices" if "pci" in lines else "the guest"
    return "the devices in the way"


def _without_policy(device: GuestDevice) -> PciText:
    return replace(device.pci, policy=None)


def _relaxed_effect(lines: Mapping[str, tuple[str, ...]], after: Resolution) -> str:
    first = f"Relax {_whose_policy(lines)}"
    lost = [one for one in after.reasons if one.harm is not Harm.NONE]
    if not lost:
        return f"{first}: nothing is lost on this host as it is"
    worst = max(one.harm for one in lost)
    lost = [one for one in lost if one.harm is worst]
    regions = list(dict.fromkeys(span(one.region) for one in lost if one.region))
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    if worst is Harm.CORRUPTION:
        return f"{first}, at a risk: DMA to {regions[0]}{more} can overwrite guest RAM"
    return f"{first}, at a risk: others can use {regions[0]}{more} by DMA too"


def relax_guest(trial: Trial) -> None:
    """Make the guest's own policy relaxed, where ``rdm=`` makes it strict and is taken."""
    settings = trial.before.settings
    if not settings.rdm_taken or settings.policies != (Policy.STRICT,):
        return
    text = "strategy=host,policy=relaxed"
    guest = replace(trial.guest, rdm=text)
    after = trial.resolve(guest)
    if not after.settings.rdm_taken:
        return
    lines = {"rdm": (f"rdm = {quoted(text)}",)}
    if trial.better(after):
        _offer_relaxed(trial, guest, lines)
        return
    both = _relaxed_devices(trial, guest, after)
    if both is not None:
        _offer_relaxed(trial, both[0], {**lines, **both[1]})


def name_by_address_with_ram_moved(trial: Trial) -> None:
    """Give a device by its address and move RAM out of its region, if nothing safer helps."""
    if any(one.harm is Harm.NONE for one in trial.found):
        return
    by_address = addressed(trial)
    if by_address is not None:
        guest, lines = by_address
        effect = "Give the device by its address, so that libxl knows its regions"
        changed_trial = trial.changed_by(guest, lines)
        _with_ram_moved(changed_trial, trial, RemedyKind.SETTING, effect, "")
