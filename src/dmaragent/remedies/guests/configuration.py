"""Remedies in how the configuration is written, and in the settings beside ``rdm=``."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.guests.config import Complaint, GuestConfig, GuestType, Vga
from dmaragent.guests.rdm import MIB, SMALLEST_HOLE, Policy
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies.guests.trial import Remedy, RemedyKind, Trial
from dmaragent.remedies.xlcfg_lines import changed, quoted, with_policy, written
from dmaragent.xen.toolstack.libxl import toolstack_behaviours

_ROOM = 64 * MIB
"""RAM beside the video memory that is offered if none is left: hvmloader needs 2 MiB of it."""


@dataclass(frozen=True, slots=True)
class _Repair:
    """A setting that stands in the way, changed."""

    guest: GuestConfig
    name: str
    value: object
    effect: str
    cost: str = ""


def change_settings(trial: Trial) -> None:
    """Change what other settings stand in the way; where that is not enough, go on from it."""
    start, guest, effects, costs = trial.guest, trial.guest, [], []
    lines: dict[str, tuple[str, ...]] = {}
    for repair in _repairs(trial):
        lines |= trial.set(repair.name, repair.value)
        effects.append(repair.effect)
        costs += [repair.cost] if repair.cost else []
        guest = repair.guest
    passes = trial.devices or guest.passthrough not in (None, "default", "disabled")
    less = guest.memory is not None and guest.memory < guest.most_memory
    if not (passes and less and guest.type is not GuestType.PV):
        _offer_settings(trial, guest, lines, effects, costs)
        return
    begins, may_have = guest.memory or 0, guest.most_memory
    trials = (
        ("maxmem", begins, "the guest cannot be given more memory later"),
        ("memory", may_have, "the guest takes all of maxmem from the host when it starts"),
    )
    helped = False
    for name, size, cost in trials:
        other = replace(guest, memory=size, maximum=size)
        more = {**lines, **trial.set(name, size // MIB)}
        said = [*effects, f"Set {name} so that all memory is there from the start"]
        helped |= trial.offer(
            RemedyKind.SETTING, other, more, "; ".join(said), "; ".join([*costs, cost])
        )
    if not helped and trial.guest is start:
        more = {**lines, **trial.set("maxmem", begins // MIB)}
        trial.keep(replace(guest, maximum=begins), more)


def _offer_settings(
    trial: Trial,
    guest: GuestConfig,
    lines: dict[str, tuple[str, ...]],
    effects: list[str],
    costs: list[str],
) -> None:
    told = "; ".join(effects)
    if lines and not trial.offer(RemedyKind.SETTING, guest, lines, told, "; ".join(costs)):
        trial.keep(guest, lines)


def _repairs(trial: Trial) -> Iterator[_Repair]:
    """Yield the settings that refuse the guest, changed one after the other."""
    guest = trial.guest
    for complaint in (*guest.type_refusals, *guest.refusals, *guest.hvm_refusals):
        repair = _written_right(guest, complaint, devices=bool(guest.pci))
        if repair is not None:
            guest = repair.guest
            yield repair
    devices = trial.devices or (bool(guest.refusals) and guest.pci)
    if guest.passthrough == "disabled" and devices:
        guest = replace(guest, passthrough="enabled")
        yield _Repair(guest, "passthrough", quoted("enabled"), "Enable passthrough for the guest")
    idle = not devices and guest.passthrough not in (None, "default", "disabled")
    if idle and (trial.host.iommu_off or guest.type is GuestType.PVH):
        guest = replace(guest, passthrough="disabled")
        effect = "Ask for no passthrough: the guest has no device"
        cost = "no device can be attached to the running guest"
        yield _Repair(guest, "passthrough", quoted("disabled"), effect, cost)
    if guest.passthrough == "share_pt" and not trial.host.iommu_off:
        other = replace(guest, passthrough="enabled")
        if trial.resolve(guest).verdict is Verdict.REFUSED:
            guest = other
            effect = "Let libxl choose how the IOMMU's page tables are kept"
            yield _Repair(guest, "passthrough", quoted("enabled"), effect)
    if guest.type is GuestType.PVH and devices:
        guest = replace(guest, type=GuestType.HVM)
        cost = "the guest runs with an emulated machine, and needs a kernel or disk that boots so"
        yield _Repair(
            guest,
            "type",
            quoted(GuestType.HVM.value),
            "Make it an HVM guest, which can have devices",
            cost,
        )
    if guest.type is GuestType.HVM:
        yield from _video(trial, guest)


def _video(trial: Trial, guest: GuestConfig) -> Iterator[_Repair]:
    if guest.hap is False and trial.host.shadow is False:
        guest = replace(guest, hap=True)
        yield _Repair(guest, "hap", 1, "Use HAP: this Xen has no shadow paging")
    least = guest.least_video
    if least is None:
        guest = replace(guest, vga=Vga.STDVGA)
        effect = "Choose an adapter that the device model has"
        yield _Repair(guest, "vga", quoted(Vga.STDVGA.value), effect)
        return
    odd = guest.videoram is not None and not least <= guest.videoram < guest.most_memory
    if odd:
        guest = replace(guest, videoram=least)
        effect = f"Give the adapter {least // MIB} MiB, the least that it takes"
        yield _Repair(guest, "videoram", least // MIB, effect)
    if guest.video >= guest.most_memory:
        size = guest.video + _ROOM
        guest = replace(guest, memory=size, maximum=None if guest.maximum is None else size)
        effect = "Give the guest RAM beside its video memory"
        name = "memory" if guest.maximum is None else "maxmem"
        yield _Repair(guest, name, size // MIB, effect, "the host has less memory for others")


def _written_right(guest: GuestConfig, complaint: Complaint, *, devices: bool) -> _Repair | None:
    """Return a value that xl takes for a setting that it refuses; None if it cannot be meant."""
    guest = replace(
        guest,
        refusals=tuple(one for one in guest.refusals if one is not complaint),
        type_refusals=tuple(one for one in guest.type_refusals if one is not complaint),
        hvm_refusals=tuple(one for one in guest.hvm_refusals if one is not complaint),
    )
    name = complaint.setting
    if name == "name":
        return _Repair(replace(guest, name="guest"), name, quoted("guest"), "Name the guest")
    if name == "builder" or (name == "type" and guest.builder is not None):
        kind = guest.typed or guest.builder or GuestType.HVM
        word = {GuestType.HVM: "hvm", GuestType.PV: "generic"}.get(kind)
        if word is None:
            return None
        guest = replace(guest, type=kind, builder=kind)
        return _Repair(guest, "builder", quoted(word), "Name the guest's type as xl knows it")
    if name == "type":
        guest = replace(guest, type=GuestType.HVM, typed=GuestType.HVM)
        return _Repair(guest, name, quoted("hvm"), "Name a type that xl knows")
    if name == "vga":
        guest = replace(guest, vga=Vga.STDVGA)
        return _Repair(guest, name, quoted("stdvga"), "Name an adapter that xl knows")
    if name == "device_model_version":
        guest = replace(guest, traditional=False)
        return _Repair(guest, name, quoted("qemu-xen"), "Name a device model that xl knows")
    if name == "mmio_hole":
        guest = replace(guest, mmio_hole=SMALLEST_HOLE)
        effect = "Set the size that the hole has if nothing is said"
        return _Repair(guest, name, SMALLEST_HOLE // MIB, effect)
    if name == "passthrough":
        word = "enabled" if devices else "default"
        guest = replace(guest, passthrough=word)
        return _Repair(guest, name, quoted(word), "Name a mode that xl knows")
    return None


def say_policies(trial: Trial) -> None:
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
    effect = "Write each device's policy: xl reads it from memory that it never wrote"
    if not undefined:
        effect = "Write the policy: libxl up to 4.13 reserves a region only if it is written"
    if not trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect) and undefined:
        trial.keep(guest, {"pci": lines})


def addressed(trial: Trial) -> tuple[GuestConfig, dict[str, tuple[str, ...]]] | None:
    """Return the guest with its named devices given by address, and the lines; None if none is."""
    if trial.stack.toolstack is not Toolstack.XL:
        return None
    texts = {}
    for one in trial.devices:
        address = trial.host.names.get(one.pci.name or "")
        if address is not None:
            texts[one.number] = written(replace(one.pci, name=None, sbdf=address), one.text)
    if not texts:
        return None
    guest, lines = changed(trial.guest, texts)
    return guest, {"pci": lines}


def name_by_address(trial: Trial) -> None:
    """Name a device by its address: by its name its regions are not reserved."""
    by_address = addressed(trial)
    if by_address is not None:
        effect = "Give the device by its address: libxl then reserves its regions"
        trial.offer(RemedyKind.SETTING, *by_address, effect)


def first_steps(trial: Trial) -> Iterator[Remedy]:
    """Yield the change that ends the first refusal, if another one comes to light behind it."""
    after, before = trial.now, trial.before
    if not trial.lines or not before.reasons:
        return
    known = {(one.rule, one.reason) for one in after.reasons}
    if (before.reasons[0].rule, before.reasons[0].reason) in known:
        return
    told = after.reasons[0].reason if after.reasons else ""
    told = told or (after.settings.refusals[0].text if after.settings.refusals else "")
    yield Remedy(
        kind=RemedyKind.SETTING,
        lines=tuple(line for part in trial.lines.values() for line in part),
        effect=f"End this refusal. It is not enough: {told}",
        verdict=after.verdict,
        undo=trial.undo(trial.lines),
    )
