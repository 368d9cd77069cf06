"""What helps a device that ``xl pci-attach`` would refuse: each change tried, the best first."""

from collections.abc import Iterator
from dataclasses import replace

from dmaragent.guests.config import GuestConfig, PciEntry
from dmaragent.guests.pci import PolicyWord
from dmaragent.guests.rdm import Policy
from dmaragent.policy.decisions import Harm, Verdict, residual_risk
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hotplug import CONTEXT_RULE, Hotplug, attach
from dmaragent.policy.resolver import Resolution, Stack, resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.words import HARM_WORDS
from dmaragent.remedies.guests import remedies
from dmaragent.remedies.rank import Cost, Rank
from dmaragent.remedies.xlcfg_lines import quoted, written


def hotplug(text: str, guest: GuestConfig, host: HostFacts, stack: Stack) -> Hotplug:
    """Say what attaching the device of the specification `text` to `guest` does."""
    found = attach(text, guest, host, stack)
    return replace(found, advice=tuple(_advice(found)))


def _advice(found: Hotplug) -> Iterator[str]:
    """Yield what was tried and helps, the best first; of what is attached, what leaves less."""
    if found.pci is None or found.guest.binary is not None:
        return  # each change would have to be tried with both readings of the guest's file
    now = residual_risk(found.warnings) if found.verdict is Verdict.STARTS else None
    anew = _with_device(found)
    tried = [
        *_given_at_start(found, anew),
        *_created_for_it(found),
        *_relaxed(found),
        *_given_with_changes(found, anew),
    ]
    ranked = sorted(tried, key=lambda one: one[0])
    yield from (text for rank, text in ranked if now is None or (rank.harm, rank.warnings) < now)


def _with_device(found: Hotplug) -> Resolution | None:
    """Resolve the guest with the device in its ``pci=``; None if it cannot be put there."""
    guest, wanted = found.guest, None if found.pci is None else found.pci.sbdf
    own = resolve(guest, found.host, found.stack).settings.devices
    if guest.saved_rdm is not None or wanted in {one.pci.sbdf for one in own if one.pci.sbdf}:
        return None
    other = replace(guest, pci=(*guest.pci, PciEntry("", found.text)))
    return resolve(other, found.host, found.stack)


def _given_at_start(found: Hotplug, anew: Resolution | None) -> Iterator[tuple[Rank, str]]:
    """Try the guest with the device from its start."""
    if anew is not None and anew.verdict is Verdict.STARTS:
        left = residual_risk(anew.reasons)
        entry = quoted(found.text)
        text = f"put {entry} into the guest's pci= and start it anew: it starts with it"
        yield Rank(left.harm, Cost.RESTART, left.warnings), text + _risk(left.harm)


def _given_with_changes(found: Hotplug, anew: Resolution | None) -> Iterator[tuple[Rank, str]]:
    """Try the same with the best of what helps, where that is not enough."""
    if anew is None or anew.verdict is Verdict.STARTS:
        return
    for one in remedies(anew).found:
        if one.verdict is Verdict.STARTS and one.lines:
            rank = one.rank._replace(cost=max(one.rank.cost, Cost.RESTART))
            lines = "".join(line if line[:1] == " " else f"; {line}" for line in one.lines)[2:]
            given = any(line.startswith("pci =") for line in one.lines)
            put = "" if given else f"put {quoted(found.text)} into the guest's pci=, and "
            changes = " ".join(lines.split())
            text = f"{put}start the guest anew with {changes}: it starts with the device"
            yield rank, text + _risk(one.harm)
            return


def _risk(harm: Harm) -> str:
    return f", at the risk that {HARM_WORDS[harm]}" if HARM_WORDS[harm] else ""


def _created_for_it(found: Hotplug) -> Iterator[tuple[Rank, str]]:
    """Try a guest that was created with an IOMMU context, and the device as it is or relaxed."""
    if not any(one.rule == CONTEXT_RULE for one in found.decisions):
        return
    enabled = replace(found.guest, passthrough="enabled")
    line = 'passthrough = "enabled" when the guest is created'
    after = attach(found.text, enabled, found.host, found.stack)
    if after.verdict is Verdict.STARTS:
        left = residual_risk(after.warnings)
        yield Rank(left.harm, Cost.RESTART, left.warnings), line
        return
    for rank, text in _relaxed(replace(found, guest=enabled)):
        yield rank, f"{line}, then {text}"


def _relaxed(found: Hotplug) -> Iterator[tuple[Rank, str]]:
    """Try the device relaxed."""
    strict = found.policy is Policy.STRICT and found.stack.toolstack is Toolstack.XL
    if found.pci is None or not strict:
        return
    text = written(replace(found.pci, policy=PolicyWord.RELAXED), "")
    after = attach(text, found.guest, found.host, found.stack) if text else None
    if after is not None and after.verdict is Verdict.STARTS:
        left = residual_risk(after.warnings)
        risk = "at the risk that DMA of device or firmware meets other memory"
        yield Rank(left.harm, Cost.POLICY, left.warnings), f"attach {quoted(text)}, {risk}"
