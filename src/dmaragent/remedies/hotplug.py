"""Fixes for a device that ``xl pci-attach`` would refuse: each change is tried, the best first."""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.guests.config import GuestConfig, PciEntry
from dmaragent.guests.pci_text import PolicyWord
from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Verdict, residual_risk
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hotplug import CONTEXT_RULE, Hotplug, attach
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.remedy import Cost, HotplugRemedy, ranked
from dmaragent.remedies.xlcfg_lines import entry_text, quote


def hotplug(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Return the answer about attaching the device `text` to `guest`, with advice."""
    attached = attach(text, guest, host, stack)
    return attached._replace(advice=tuple(remedy.effect for remedy in hotplug_remedies(attached)))


def hotplug_remedies(attached: Hotplug) -> tuple[HotplugRemedy, ...]:
    """Return the fixes that work, the best first; for an attached device, those with less risk."""
    if attached.pci is None or attached.guest.binary is not None:
        return ()  # a change would have to be tried with both readings of the guest's file
    now = residual_risk(attached.warnings) if attached.verdict is Verdict.STARTS else None
    with_device = _resolve_with_device(attached)
    tried = [
        *_try_at_start(attached, with_device),
        *_try_created_with_context(attached),
        *_try_relaxed(attached),
        *_try_at_start_with_changes(attached, with_device),
    ]
    return ranked(remedy for remedy in tried if now is None or remedy.left < now)


def _resolve_with_device(attached: Hotplug) -> Resolution | None:
    """Return the guest's resolution with the device in ``pci=``; None if it cannot be there."""
    guest, wanted = attached.guest, None if attached.pci is None else attached.pci.sbdf
    own = resolve(guest, attached.host, attached.stack).settings.devices
    if guest.saved_rdm is not None or wanted in {
        device.pci.sbdf for device in own if device.pci.sbdf
    }:
        return None
    other = replace(guest, pci=(*guest.pci, PciEntry("", attached.text)))
    return resolve(other, attached.host, attached.stack)


def _try_at_start(attached: Hotplug, with_device: Resolution | None) -> Iterator[HotplugRemedy]:
    """Yield the fix that adds the device when the guest starts, if it works."""
    if with_device is not None and with_device.verdict is Verdict.STARTS:
        left = residual_risk(with_device.reasons)
        entry = quote(attached.text)
        yield HotplugRemedy(
            effect=words.create_guest_with_device(entry, left.harm), left=left, cost=Cost.RESTART
        )


def _try_at_start_with_changes(
    attached: Hotplug, with_device: Resolution | None
) -> Iterator[HotplugRemedy]:
    """Yield the same with the guest's best fix, if the device alone is not enough."""
    if with_device is None or with_device.verdict is Verdict.STARTS:
        return
    for remedy in guest_remedies(with_device).ranked:
        if remedy.verdict is Verdict.STARTS and remedy.lines:
            lines = "".join(line if line[:1] == " " else f"; {line}" for line in remedy.lines)[2:]
            given = any(line.startswith("pci =") for line in remedy.lines)
            yield HotplugRemedy(
                effect=words.create_guest_with_changes(
                    "" if given else quote(attached.text), " ".join(lines.split()), remedy.harm
                ),
                left=remedy.rank.left,
                cost=max(remedy.rank.cost, Cost.RESTART),
            )
            return


def _try_created_with_context(attached: Hotplug) -> Iterator[HotplugRemedy]:
    """Yield fixes with a guest that has an IOMMU context, with the device as it is or relaxed."""
    if not any(decision.rule == CONTEXT_RULE for decision in attached.decisions):
        return
    enabled = replace(attached.guest, passthrough="enabled")
    after = attach(attached.text, enabled, attached.host, attached.stack)
    if after.verdict is Verdict.STARTS:
        yield HotplugRemedy(
            effect=words.ENABLE_PASSTHROUGH_AT_CREATION,
            left=residual_risk(after.warnings),
            cost=Cost.RESTART,
        )
        return
    for remedy in _try_relaxed(attached._replace(guest=enabled)):
        yield replace(remedy, effect=words.enable_passthrough_and(remedy.effect))


def _try_relaxed(attached: Hotplug) -> Iterator[HotplugRemedy]:
    """Yield the fix that makes the device relaxed, if it works."""
    strict = attached.policy is Policy.STRICT and attached.stack.toolstack is Toolstack.XL
    if attached.pci is None or not strict:
        return
    text = entry_text(replace(attached.pci, policy=PolicyWord.RELAXED), "")
    after = attach(text, attached.guest, attached.host, attached.stack) if text else None
    if after is not None and after.verdict is Verdict.STARTS:
        left = residual_risk(after.warnings)
        yield HotplugRemedy(
            effect=words.attach_relaxed(quote(text), left.harm),
            left=left,
            cost=Cost.POLICY,
        )
