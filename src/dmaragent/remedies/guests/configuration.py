"""Fixes of how the configuration is written, and of the settings beside ``rdm=``."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dmaragent.addresses import MIB
from dmaragent.guests.config import Complaint, GuestConfig, GuestType, Vga
from dmaragent.guests.rdm import SMALLEST_HOLE, Policy
from dmaragent.policy.decisions import Effect, Verdict
from dmaragent.policy.graphics import graphics_refusal
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.guests.trial import Trial
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind
from dmaragent.remedies.xlcfg_lines import change_entries, entry_text, quote, with_policy
from dmaragent.xen.toolstack.libxl import toolstack_behaviours

_ROOM = 64 * MIB
"""The RAM that is added if all memory is video memory: hvmloader needs 2 MiB of it."""


@dataclass(frozen=True, slots=True)
class _Repair:
    """A change of a setting that causes a refusal."""

    guest: GuestConfig
    name: str
    value: object
    effect: str
    """Empty: only with the repair before it."""
    cost: str = ""


def change_settings(trial: Trial) -> None:
    """Change other settings that cause refusals; if needed, continue from the changed guest."""
    start, guest, effects, costs = trial.guest, trial.guest, [], []
    lines: dict[str, tuple[str, ...]] = {}
    for repair in _repairs(trial):
        lines |= trial.setting_lines(repair.name, repair.value)
        effects += [repair.effect] if repair.effect else []
        costs += [repair.cost] if repair.cost else []
        guest = repair.guest
    passes = trial.devices or guest.passthrough not in (None, "default", "disabled")
    less = guest.memory is not None and guest.memory < guest.most_memory
    if not (passes and less and guest.type is not GuestType.PV):
        _offer_settings(trial, guest, lines, effects, costs)
        return
    begins, may_have = guest.memory or 0, guest.most_memory
    trials = (
        ("maxmem", begins),
        ("memory", may_have),
    )
    helped = False
    for name, size in trials:
        other = replace(guest, memory=size, maximum=size)
        more = {**lines, **trial.setting_lines(name, size // MIB)}
        effect = "; ".join([*effects, words.memory_at_once(name)])
        cost = "; ".join([*costs, words.MEMORY_AT_ONCE_COSTS[name]])
        helped |= trial.offer(RemedyKind.SETTING, other, more, effect, cost)
    if not helped and trial.guest is start:
        more = {**lines, **trial.setting_lines("maxmem", begins // MIB)}
        trial.keep(replace(guest, maximum=begins), more)


def _offer_settings(
    trial: Trial,
    guest: GuestConfig,
    lines: dict[str, tuple[str, ...]],
    effects: list[str],
    costs: list[str],
) -> None:
    effect, cost = "; ".join(effects), "; ".join(costs)
    if lines and not trial.offer(RemedyKind.SETTING, guest, lines, effect, cost):
        trial.keep(guest, lines)


def _repairs(trial: Trial) -> Iterator[_Repair]:
    """Yield the changes of settings that cause refusals, each after the one before."""
    guest = trial.guest
    for complaint in (*guest.type_refusals, *guest.refusals, *guest.hvm_refusals):
        repair = _with_known_value(guest, complaint, devices=bool(guest.pci))
        if repair is not None:
            guest = repair.guest
            yield repair
    devices = trial.devices or (bool(guest.refusals) and guest.pci)
    if guest.passthrough == "disabled" and devices:
        guest = replace(guest, passthrough="enabled")
        yield _Repair(guest, "passthrough", quote("enabled"), words.ENABLE_PASSTHROUGH)
    idle = not devices and guest.passthrough not in (None, "default", "disabled")
    if idle and (trial.host.iommu_off or guest.type is GuestType.PVH):
        guest = replace(guest, passthrough="disabled")
        effect = words.DISABLE_PASSTHROUGH
        cost = words.NO_DEVICE_LATER
        yield _Repair(guest, "passthrough", quote("disabled"), effect, cost)
    if guest.passthrough == "share_pt" and not trial.host.iommu_off:
        other = replace(guest, passthrough="enabled")
        if trial.resolve(guest).verdict is Verdict.REFUSED:
            guest = other
            effect = words.LET_LIBXL_CHOOSE_TABLES
            yield _Repair(guest, "passthrough", quote("enabled"), effect)
    if guest.type is GuestType.PVH and devices:
        guest = replace(guest, type=GuestType.HVM)
        yield _Repair(
            guest,
            "type",
            quote(GuestType.HVM.value),
            words.MAKE_IT_HVM,
            words.HVM_COST,
        )
    if guest.type is GuestType.HVM:
        yield from _graphics_repairs(trial, guest)


def _graphics_repairs(trial: Trial, guest: GuestConfig) -> Iterator[_Repair]:
    """Yield the change of gfx_passthru= if it asks for graphics that are not there."""
    asked = [device.asked for device in trial.devices]
    found = graphics_refusal(guest, asked, trial.host, trial.stack.release)
    if any(decision.effect is Effect.REFUSED for decision in found):
        guest = replace(guest, gfx_passthru=None)
        yield _Repair(guest, "gfx_passthru", 0, words.KEEP_EMULATED_ADAPTER)
    yield from _video_repairs(trial, guest)


def _video_repairs(trial: Trial, guest: GuestConfig) -> Iterator[_Repair]:
    if guest.hap is False and trial.host.shadow is False:
        guest = replace(guest, hap=True)
        yield _Repair(guest, "hap", 1, words.USE_HAP)
    least = guest.least_video
    if least is None:
        guest = replace(guest, vga=Vga.STDVGA)
        effect = words.CHOOSE_ADAPTER
        yield _Repair(guest, "vga", quote(Vga.STDVGA.value), effect)
        return
    odd = guest.videoram is not None and not least <= guest.videoram < guest.most_memory
    if odd:
        guest = replace(guest, videoram=least)
        effect = words.set_least_video(least // MIB)
        yield _Repair(guest, "videoram", least // MIB, effect)
    if guest.video >= guest.most_memory:
        size = guest.video + _ROOM
        guest = replace(guest, memory=size)
        effect = words.ADD_RAM_BESIDE_VIDEO
        yield _Repair(guest, "memory", size // MIB, effect, words.HOST_HAS_LESS_MEMORY)
        if guest.maximum is not None:
            guest = replace(guest, maximum=size)
            yield _Repair(guest, "maxmem", size // MIB, effect="")


def _without(complaints: tuple[Complaint, ...], complaint: Complaint) -> tuple[Complaint, ...]:
    return tuple(other for other in complaints if other is not complaint)


def _with_known_value(guest: GuestConfig, complaint: Complaint, *, devices: bool) -> _Repair | None:
    """Return a value that xl accepts for a refused setting; None if there is no obvious one."""
    guest = replace(
        guest,
        refusals=_without(guest.refusals, complaint),
        type_refusals=_without(guest.type_refusals, complaint),
        hvm_refusals=_without(guest.hvm_refusals, complaint),
    )
    name = complaint.setting
    if name == "name":
        return _Repair(replace(guest, name="guest"), name, quote("guest"), words.SET_NAME)
    if name == "builder" or (name == "type" and guest.builder is not None):
        kind = guest.typed or guest.builder or GuestType.HVM
        word = {GuestType.HVM: "hvm", GuestType.PV: "generic"}.get(kind)
        if word is None:
            return None
        guest = replace(guest, type=kind, builder=kind)
        return _Repair(guest, "builder", quote(word), words.SET_TYPE_AS_KNOWN)
    if name == "type":
        guest = replace(guest, type=GuestType.HVM, typed=GuestType.HVM)
        return _Repair(guest, name, quote("hvm"), words.SET_KNOWN_TYPE)
    if name == "vga":
        guest = replace(guest, vga=Vga.STDVGA)
        return _Repair(guest, name, quote("stdvga"), words.SET_KNOWN_ADAPTER)
    if name == "device_model_version":
        guest = replace(guest, traditional=False)
        return _Repair(guest, name, quote("qemu-xen"), words.SET_KNOWN_DEVICE_MODEL)
    if name == "gfx_passthru":
        return _Repair(replace(guest, gfx_passthru=None), name, 0, words.KEEP_EMULATED_ADAPTER)
    if name == "mmio_hole":
        guest = replace(guest, mmio_hole=SMALLEST_HOLE)
        effect = words.SET_DEFAULT_HOLE
        return _Repair(guest, name, SMALLEST_HOLE // MIB, effect)
    if name == "passthrough":
        word = "enabled" if devices else "default"
        guest = replace(guest, passthrough=word)
        return _Repair(guest, name, quote(word), words.SET_KNOWN_MODE)
    return None


def write_policies(trial: Trial) -> None:
    """Write each device's policy if it is undefined or, up to 4.13, applied too late."""
    unsettled = not all(
        behaviour.layout.settles_device_policy
        for behaviour in toolstack_behaviours(trial.stack.release)
    )
    undefined = len(trial.before.settings.policies) > 1
    texts = {
        device.number: with_policy(device, Policy.STRICT)
        for device in trial.devices
        if (device.policy is None and undefined) or (device.policy is Policy.INVALID and unsettled)
    }
    if not texts or trial.stack.toolstack is not Toolstack.XL:
        return
    guest, lines = change_entries(trial.guest, texts)
    effect = words.WRITE_POLICIES
    if not undefined:
        effect = words.WRITE_POLICIES_FOR_LIBXL
    if not trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect) and undefined:
        trial.keep(guest, {"pci": lines})


def with_addresses(trial: Trial) -> tuple[GuestConfig, dict[str, tuple[str, ...]]] | None:
    """Return the guest with addresses for its named devices, and the lines; None if none is known."""
    if trial.stack.toolstack is not Toolstack.XL:
        return None
    texts = {}
    for device in trial.devices:
        address = trial.host.names.get(device.pci.name or "")
        if address is not None:
            pci = replace(device.pci, name=None, sbdf=address)
            texts[device.number] = entry_text(pci, device.text)
    if not texts:
        return None
    guest, lines = change_entries(trial.guest, texts)
    return guest, {"pci": lines}


def name_by_address(trial: Trial) -> None:
    """Write a device by its address: libxl does not reserve the regions of a named device."""
    by_address = with_addresses(trial)
    if by_address is not None:
        trial.offer(RemedyKind.SETTING, *by_address, words.WRITE_ADDRESS_OF_DEVICE)


def first_steps(trial: Trial) -> Iterator[GuestRemedy]:
    """Yield the change that removes only the first refusal, with the next refusal."""
    after, before = trial.now, trial.before
    if not trial.lines or not before.reasons:
        return
    known = {(reason.rule, reason.reason) for reason in after.reasons}
    if (before.reasons[0].rule, before.reasons[0].reason) in known:
        return
    next_reason = after.reasons[0].reason if after.reasons else ""
    if not next_reason and after.settings.refusals:
        next_reason = after.settings.refusals[0].text
    yield GuestRemedy(
        kind=RemedyKind.SETTING,
        lines=tuple(line for part in trial.lines.values() for line in part),
        action=words.not_enough(next_reason),
        verdict=after.verdict,
        undo=trial.undo(trial.lines),
    )
