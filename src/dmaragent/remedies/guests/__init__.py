"""What would help a guest: candidates, each tried by resolving the guest once more.

Pure.  Only what was tried and helped is offered, the safest first; where nothing helps,
that is said with its reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dmaragent.policy.assignment import (
    ABSENT_RULE,
    BRIDGED_RULE,
    HOST_BRIDGE_RULE,
    NAME_RULE,
)
from dmaragent.policy.decisions import Decider, Decision, SourceRule, Verdict
from dmaragent.policy.resolver import Resolution
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.simulate import MAP_RULE
from dmaragent.remedies.guests.configuration import (
    change_settings,
    first_steps,
    name_by_address,
    say_policies,
)
from dmaragent.remedies.guests.devices import (
    leave_out_strategy,
    name_by_address_with_ram_moved,
    relax_devices,
    relax_guest,
    use_virtual_functions,
)
from dmaragent.remedies.guests.entries import (
    leave_out_twice,
    name_functions,
    respell,
    respell_rdm,
    with_functions_apart,
)
from dmaragent.remedies.guests.layout import change_boundary, joined, reduce_memory
from dmaragent.remedies.guests.spelling import spelling
from dmaragent.remedies.guests.trial import Remedies, Remedy, RemedyKind, Trial


def remedies(resolution: Resolution) -> Remedies:
    """Find what helps the guest of `resolution`, if anything is wrong with it."""
    if resolution.guest.binary is not None:
        # each change would have to be tried with both readings of the file
        wrong = resolution.verdict is not Verdict.STARTS or resolution.reasons
        first = "first write the numbers with 0b in decimal, and ask again"
        return Remedies((), first if wrong else "")
    trial = Trial(resolution)
    spelt = spelling(trial)
    if resolution.verdict is Verdict.STARTS and not resolution.reasons:
        return Remedies((), "", spelt)
    undecided = bool(resolution.host.incomplete) and resolution.verdict is Verdict.UNDECIDED
    if resolution.stack.toolstack is Toolstack.XAPI or undecided:
        return Remedies((), _why_nothing(resolution), spelt)
    for attempt in _ATTEMPTS:
        attempt(trial)
    if resolution.verdict is not Verdict.STARTS and not trial.found:
        trial.found += _with_functions_apart(trial)
    if resolution.verdict is not Verdict.STARTS and not trial.found:
        trial.found += first_steps(trial)
    trial.found.sort(key=lambda one: one.rank)
    needed = resolution.verdict is not Verdict.STARTS and not trial.found
    nothing = _why_nothing(resolution) if needed else ""
    return Remedies(tuple(trial.found), nothing, spelt)


def _with_functions_apart(trial: Trial) -> list[Remedy]:
    """Return what helps once each function has an entry of its own."""
    apart = with_functions_apart(trial)
    if apart is None:
        return []
    effect = "Give each function an entry of its own"
    if not apart.offer(RemedyKind.SETTING, apart.guest, {}, effect):
        for attempt in _ATTEMPTS:
            attempt(apart)
    return [
        one if one.effect == effect else replace(one, effect=joined(effect, one.effect))
        for one in apart.found
    ]


_ATTEMPTS: tuple[Callable[[Trial], object], ...] = (
    respell,
    respell_rdm,
    leave_out_twice,
    name_functions,
    change_settings,
    say_policies,
    name_by_address,
    change_boundary,
    reduce_memory,
    name_by_address_with_ram_moved,
    use_virtual_functions,
    leave_out_strategy,
    relax_devices,
    relax_guest,
)


_NO_LINE: tuple[tuple[SourceRule, str], ...] = (
    (ABSENT_RULE, "name each function once, one that answers: lspci -D lists them"),
    (HOST_BRIDGE_RULE, "no line helps: Xen gives a host bridge to no guest"),
    (BRIDGED_RULE, "no line helps: put the device into a PCI Express slot of its own"),
    (NAME_RULE, "give the device by its address, as in 0000:00:14.0"),
)
"""What to do about a refusal that no line of the configuration ends, by its rule."""


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
    told = [said for rule, said in _NO_LINE if any(one.rule == rule for one in first)]
    if told:
        return told[0]
    if any(one not in resolution.guest.undecidable for one in resolution.settings.undefined):
        return "write the device as in 0000:00:14.0, and ask again"
    if any(one.decider is Decider.DMARAGENT for one in first) and len(resolution.outcomes) < 2:
        return "nothing can be tried before that is known"
    tried = "no boundary, memory size, policy or virtual function that was tried helps"
    if any(one.rule == MAP_RULE for one in first):
        return f"{tried}: give the guest fewer devices with regions"
    if any(one.decider is Decider.HVMLOADER for one in first):
        return f"{tried}: hvmloader halts whatever the policy of the region is"
    return tried
