"""Remedies in how the configuration is written, and in the settings beside ``rdm=``."""

from dataclasses import replace

from dmaragent.platforms.libxl import toolstack_behaviours
from dmaragent.policy.entries import changed, quoted, respelled, with_policy, written
from dmaragent.policy.guest import GuestType, Vga
from dmaragent.policy.model import MIB, Policy
from dmaragent.policy.remedies.trial import RemedyKind, Trial
from dmaragent.policy.settings import Toolstack


def respell(trial: Trial) -> None:
    """Write entries of ``pci=`` plainly that xl refuses or half reads."""
    if trial.stack.toolstack is not Toolstack.XL:
        return
    texts = {n: respelled(entry.text) for n, entry in enumerate(trial.guest.pci)}
    texts = {n: text for n, text in texts.items() if text != trial.guest.pci[n].text}
    if texts:
        guest, lines = changed(trial.guest, texts)
        trial.offer(RemedyKind.SPELLING, guest, {"pci": lines}, "written so, xl reads it")


def change_settings(trial: Trial) -> None:
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
    effect = "said for each device, the policy is not left to memory never written"
    if not undefined:
        effect = "libxl up to 4.13 tells the guest of a region only where its policy is set"
    if not trial.offer(RemedyKind.SETTING, guest, {"pci": lines}, effect) and undefined:
        trial.keep(guest, {"pci": lines})


def name_by_address(trial: Trial) -> None:
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
