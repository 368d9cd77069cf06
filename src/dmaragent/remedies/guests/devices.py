"""Fixes of which devices and regions count, and how strictly."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dmaragent.addresses import SBDF
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.rdm import Policy, Strategy
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Decision, Harm, Verdict, exposed_regions, residual_risk
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import GuestDevice, Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.guests.configuration import with_addresses
from dmaragent.remedies.guests.layout import change_boundary, reduce_memory
from dmaragent.remedies.guests.trial import Trial
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from dmaragent.remedies.xlcfg_lines import (
    change_entries,
    entry_text,
    quote,
    with_policy,
)

_ROUNDS = 4
"""The rounds in which devices are made relaxed: a refusal can hide another."""


def _hindering_decisions(resolution: Resolution) -> Iterator[Decision]:
    for case in resolution.outcomes:
        yield from case.built.decisions or case.built.warnings


def _devices_in_the_way(trial: Trial, resolution: Resolution) -> list[GuestDevice]:
    """Return the devices that cause refusals, by any of their functions."""
    named = {decision.device for decision in _hindering_decisions(resolution)} - {None}
    concerned = []
    for device in trial.devices:
        added, _ = added_functions([(device, Policy.STRICT)], trial.host)
        if named & ({function.sbdf for function in added} | {device.pci.sbdf}):
            concerned.append(device)
    return concerned


def use_virtual_functions(trial: Trial) -> None:
    """Pass through a virtual function instead of the physical one, if it has no region."""
    swaps: dict[SBDF, SBDF] = {}
    texts = {}
    for device in _devices_in_the_way(trial, trial.now):
        physical = device.pci.sbdf
        if physical is None or device.pci.all_functions:
            continue
        free = (
            virtual
            for virtual in trial.host.virtual_functions(physical)
            if trial.host.regions_of(virtual) == () and virtual not in swaps.values()
        )
        chosen = next(free, None)
        if chosen is not None:
            swaps[physical] = chosen
            texts[device.number] = entry_text(replace(device.pci, sbdf=chosen), device.text)
    if not swaps:
        return
    guest, lines = change_entries(trial.guest, texts)
    swapped = words.virtual_for_physical(swaps.items())
    lines = lines if trial.stack.toolstack is Toolstack.XL else (swapped,)
    effect, cost = words.pass_virtual_functions(swapped), words.VIRTUAL_FUNCTION_COST
    kind = RemedyKind.VIRTUAL_FUNCTION
    if not trial.offer(kind, guest, {"pci": lines}, effect, cost):
        _try_with_ram_moved(trial.with_change(guest, {"pci": lines}), trial, kind, effect, cost)


def _try_with_ram_moved(
    with_change: Trial, trial: Trial, kind: RemedyKind, effect: str, cost: str
) -> None:
    """Try a change together with a boundary, and with less memory; offer what works."""
    change_boundary(with_change, kind, effect, cost)
    reduce_memory(with_change, kind, effect, cost)
    trial.remedies += with_change.remedies


def leave_out_strategy(trial: Trial) -> None:
    """Remove ``strategy=host``: other devices' regions need not be reserved."""
    if Strategy.HOST in trial.before.settings.strategies and trial.before.guest.rdm is not None:
        after = trial.resolve(replace(trial.before.guest, rdm=None))
        if trial.is_better(after):
            left = residual_risk(after.reasons)
            remedy = GuestRemedy(
                kind=RemedyKind.STRATEGY,
                lines=(),
                action=words.REMOVE_RDM,
                verdict=Verdict.STARTS,
                warnings=left.warnings,
                harm=left.harm,
                exposed=exposed_regions(after.reasons),
                lost=words.REMOVE_RDM_COST,
                undo=words.undo(["rdm="], []),
            )
            trial.remedies.append(remedy)


def relax_devices(trial: Trial) -> None:
    """Make as few devices relaxed as possible, with RAM moved away from their regions."""
    if trial.before.verdict is Verdict.STARTS or trial.stack.toolstack is Toolstack.LIBVIRT:
        return
    relaxed = _relaxed_devices(trial, trial.guest, trial.now)
    if relaxed is not None:
        _offer_relaxed(trial, *relaxed)
    elif not trial.remedies and trial.stack.toolstack is Toolstack.XL:
        trial.remedies += _relaxed_with_ram_moved(trial)


def _relaxed_with_ram_moved(trial: Trial) -> list[GuestRemedy]:
    """Return the fixes that relax the refused devices and also move RAM.

    Neither works alone if regions of other devices are reserved too (``strategy=host``).
    """
    texts = _relaxed_texts(_devices_in_the_way(trial, trial.now))
    if not texts:
        return []
    guest, pci = change_entries(trial.guest, texts)
    lines = {"pci": pci}
    return _relaxed_and_ram_moved(trial, trial.with_change(guest, lines), lines)


def _relaxed_devices(
    trial: Trial, start: GuestConfig, now: Resolution
) -> tuple[GuestConfig, Mapping[str, tuple[str, ...]]] | None:
    """Return `start` with the fewest relaxed devices with which it starts, and the lines; or None."""
    texts: dict[int, str] = {}
    after = now
    for _ in range(_ROUNDS):
        new = [device for device in _devices_in_the_way(trial, after) if device.number not in texts]
        if not new:
            return None
        texts |= _relaxed_texts(new)
        guest, lines = change_entries(start, texts)
        after = trial.resolve(guest)
        if trial.is_better(after):
            if trial.stack.toolstack is Toolstack.QUBES:
                relaxed = [device for device in trial.devices if device.number in texts]
                added, _ = added_functions(
                    [(device, Policy.RELAXED) for device in relaxed], trial.host
                )
                functions = ", ".join(str(function.sbdf) for function in added)
                lines = (f"option no-strict-reset for {functions}",)
            return guest, {"pci": lines}
    return None


def _offer_relaxed(trial: Trial, guest: GuestConfig, lines: Mapping[str, tuple[str, ...]]) -> None:
    """Offer a relaxed guest; if DMA can then overwrite guest RAM, also offer it with its RAM moved."""
    after = trial.resolve(guest)
    left = residual_risk(after.reasons)
    if not trial.is_better(after):
        return
    pairs: list[GuestRemedy] = []
    if left.harm is Harm.CORRUPTION and not any(
        remedy.harm < left.harm for remedy in trial.remedies
    ):
        tried = _relaxed_and_ram_moved(trial, trial.with_change(guest, lines), lines)
        pairs = [remedy for remedy in tried if remedy.rank.left < left]
        trial.remedies += pairs
    if not any("rdm_mem_boundary" in line for remedy in pairs for line in remedy.lines):
        effect = _relaxed_effect(lines, trial.before, after)
        trial.offer(RemedyKind.POLICY, guest, lines, effect)


def _relaxed_and_ram_moved(
    trial: Trial, relaxed: Trial, lines: Mapping[str, tuple[str, ...]]
) -> list[GuestRemedy]:
    """Return fixes that move the relaxed guest's RAM, and then relax no more than needed."""
    first = words.relax(_whose_policy(lines))
    for move in (change_boundary, reduce_memory):
        before = len(relaxed.remedies)
        ram = move(relaxed, RemedyKind.POLICY, first)
        if ram is None or "rdm" in lines or trial.stack.toolstack is not Toolstack.XL:
            continue
        start = ram.made_to(trial.guest)
        fewer = _relaxed_devices(trial, start, trial.resolve(start))
        if fewer is None or fewer[1] == lines:
            continue
        apart = trial.with_change(fewer[0], {**fewer[1], **ram.lines})
        action = words.joined(first, ram.effect)
        if apart.offer(RemedyKind.POLICY, fewer[0], {}, action, ram.cost):
            relaxed.remedies[before:] = apart.remedies
    return relaxed.remedies


def _whose_policy(lines: Mapping[str, tuple[str, ...]]) -> str:
    if "rdm" in lines:
        return words.RELAXED_GUEST_AND_DEVICES if "pci" in lines else words.RELAXED_GUEST
    return words.RELAXED_DEVICES


def _relaxed_texts(devices: Iterable[GuestDevice]) -> dict[int, str]:
    """Return the entries of `devices` with the policy relaxed, by their numbers."""
    return {
        device.number: with_policy(device, Policy.RELAXED, replace(device.pci, policy=None))
        for device in devices
    }


def _relaxed_effect(
    lines: Mapping[str, tuple[str, ...]], before: Resolution, after: Resolution
) -> str:
    """Return the change; the facts that make a verdict unknown also leave its risk unknown."""
    whose = _whose_policy(lines)
    if residual_risk(after.reasons).harm is Harm.NONE:
        if before.verdict is Verdict.UNDECIDED:
            return words.relax_with_unknown_risk(whose)
        return words.relax_without_loss(whose)
    return words.relax(whose)


def relax_guest(trial: Trial) -> None:
    """Make the guest's own policy relaxed, if an accepted ``rdm=`` makes it strict."""
    settings = trial.before.settings
    if not settings.rdm_taken or settings.policies != (Policy.STRICT,):
        return
    text = "strategy=host,policy=relaxed"
    guest = replace(trial.guest, rdm=text)
    after = trial.resolve(guest)
    if not after.settings.rdm_taken:
        return
    lines = {"rdm": (f"rdm = {quote(text)}",)}
    if trial.is_better(after):
        _offer_relaxed(trial, guest, lines)
        return
    both = _relaxed_devices(trial, guest, after)
    if both is not None:
        _offer_relaxed(trial, both[0], {**lines, **both[1]})


def name_by_address_with_ram_moved(trial: Trial) -> None:
    """Write a device by its address and move RAM away from its region, if nothing safer works."""
    if any(remedy.harm is Harm.NONE for remedy in trial.remedies):
        return
    by_address = with_addresses(trial)
    if by_address is not None:
        guest, lines = by_address
        effect = words.WRITE_ADDRESS_AND_MOVE_RAM
        changed_trial = trial.with_change(guest, lines)
        _try_with_ram_moved(changed_trial, trial, RemedyKind.SETTING, effect, "")
