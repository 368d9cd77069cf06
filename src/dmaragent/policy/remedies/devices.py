"""Remedies in which devices and regions count, and how strictly."""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.addresses import SBDF, span
from dmaragent.policy.assignment import added_functions
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.entries import changed, quoted, with_policy, written
from dmaragent.policy.model import Policy, Strategy
from dmaragent.policy.pci_model import PciText
from dmaragent.policy.remedies.trial import Remedy, RemedyKind, Trial
from dmaragent.policy.resolver import Resolution
from dmaragent.policy.settings import DeviceSetting, Toolstack

_ROUNDS = 4
"""How often devices are made relaxed before it is given up: refusals come one after another."""


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
    effect = f"{names}: a virtual function is not in the region's scope"
    trial.offer(RemedyKind.VIRTUAL_FUNCTION, guest, {"pci": lines}, effect)


def leave_out_strategy(trial: Trial) -> None:
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


def relax_devices(trial: Trial) -> None:
    """Make devices relaxed: as few as helps."""
    if trial.before.verdict is Verdict.STARTS or trial.stack.toolstack is Toolstack.LIBVIRT:
        return
    texts: dict[int, str] = {}
    after = trial.now
    for _ in range(_ROUNDS):
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


def relax_guest(trial: Trial) -> None:
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
