"""Fixes for a guest: candidates, each tried by resolving the guest again.

Pure. Only candidates that work are offered, safest first. If none works, the reason is returned.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dmaragent.guests.config import GuestType
from dmaragent.policy.assignment import (
    ABSENT_RULE,
    BRIDGED_RULE,
    HOST_BRIDGE_RULE,
    NAME_RULE,
)
from dmaragent.policy.contradictions import goes_without_iommu
from dmaragent.policy.decisions import Decider, Decision, SourceRule, Verdict
from dmaragent.policy.map_entries import MAP_RULE
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies import words
from dmaragent.remedies.guests.configuration import (
    change_settings,
    first_steps,
    name_by_address,
    write_policies,
)
from dmaragent.remedies.guests.devices import (
    leave_out_strategy,
    name_by_address_with_ram_moved,
    relax_devices,
    relax_guest,
    use_virtual_functions,
)
from dmaragent.remedies.guests.entries import (
    leave_out_duplicates,
    name_functions,
    respell_entries,
    respell_rdm,
    with_functions_apart,
)
from dmaragent.remedies.guests.layout import change_boundary, reduce_memory
from dmaragent.remedies.guests.spelling import respell_ignored_settings
from dmaragent.remedies.guests.trial import GuestRemedies, Trial
from dmaragent.remedies.remedy import GuestRemedy, RemedyKind, ranked


def guest_remedies(resolution: Resolution) -> GuestRemedies:
    """Return the fixes for the guest of `resolution`, if it needs one."""
    if resolution.guest.binary is not None:
        # a change would have to be tried with both readings of the file
        wrong = resolution.verdict is not Verdict.STARTS or resolution.reasons
        return GuestRemedies((), words.WRITE_IN_DECIMAL if wrong else "")
    trial = Trial(resolution)
    spelt = respell_ignored_settings(trial)
    if resolution.verdict is Verdict.STARTS and not resolution.reasons:
        return GuestRemedies((), "", spelt)
    undecided = bool(resolution.host.incomplete) and resolution.verdict is Verdict.UNDECIDED
    if resolution.stack.toolstack is Toolstack.XAPI or undecided:
        return GuestRemedies((), _why_nothing(resolution), spelt)
    for attempt in _ATTEMPTS:
        attempt(trial)
    if resolution.verdict is not Verdict.STARTS and not trial.remedies:
        trial.remedies += _with_functions_apart(trial)
    if resolution.verdict is not Verdict.STARTS and not trial.remedies:
        trial.remedies += first_steps(trial)
    needed = resolution.verdict is not Verdict.STARTS and not trial.remedies
    nothing = _why_nothing(resolution) if needed else ""
    return GuestRemedies(ranked(trial.remedies), nothing, spelt)


def _with_functions_apart(trial: Trial) -> list[GuestRemedy]:
    """Return the fixes that work once each function has an entry of its own."""
    apart = with_functions_apart(trial)
    if apart is None:
        return []
    action = words.WRITE_FUNCTIONS_APART
    if apart.offer(RemedyKind.SETTING, apart.guest, {}, action):
        return apart.remedies
    for attempt in _ATTEMPTS:
        attempt(apart)
    return [
        replace(remedy, action=words.joined(action, remedy.action)) for remedy in apart.remedies
    ]


_ATTEMPTS: tuple[Callable[[Trial], object], ...] = (
    respell_entries,
    respell_rdm,
    leave_out_duplicates,
    name_functions,
    change_settings,
    write_policies,
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
    (ABSENT_RULE, words.LIST_PRESENT_FUNCTION),
    (HOST_BRIDGE_RULE, words.HOST_BRIDGE_NEVER),
    (BRIDGED_RULE, words.USE_EXPRESS_SLOT),
    (NAME_RULE, words.WRITE_ADDRESS_FOR_NAME),
)
"""What to do about a refusal that no line of the configuration removes, by its rule."""


def _first_step(resolution: Resolution) -> str:
    """Return what to do first about what is unknown of the host."""
    if resolution.host.point_matters:
        return words.name_point_release(resolution.stack.hypervisor)
    return resolution.host.next_step or words.GET_WHOLE_TABLE


def _what_host_lacks(resolution: Resolution) -> str:
    """Return what the host lacks for any guest of this type or with devices; empty if nothing."""
    guest, host, release = resolution.guest, resolution.host, resolution.stack.release
    without = host.iommu_off and not goes_without_iommu(guest, host, release)
    if without and resolution.settings.devices:
        return words.NO_WORKING_IOMMU
    if guest.type is GuestType.PV:
        return words.NO_PV_GUESTS if host.pv is False else ""
    if host.hvm is False:
        return words.NO_HVM_GUESTS
    return words.NO_PAGING if host.without_paging else ""


def _why_nothing(resolution: Resolution) -> str:
    """Return why no change of the configuration works."""
    if resolution.stack.toolstack is Toolstack.XAPI:
        return words.XAPI_NOT_TRIED
    if resolution.host.incomplete and resolution.verdict is Verdict.UNDECIDED:
        return _first_step(resolution)
    lacking = _what_host_lacks(resolution)
    if lacking:
        return lacking
    first: Sequence[Decision] = resolution.reasons[:1]
    if any(decision.decider in (Decider.XL, Decider.MANUAL) for decision in first):
        return words.CORRECT_AS_REASON_SAYS
    without_line = [
        sentence for rule, sentence in _NO_LINE if any(decision.rule == rule for decision in first)
    ]
    if without_line:
        return without_line[0]
    undecidable = resolution.guest.undecidable
    if any(problem not in undecidable for problem in resolution.settings.undefined):
        return words.WRITE_ADDRESS
    unknown = any(decision.decider is Decider.DMARAGENT for decision in first)
    if unknown and len(resolution.outcomes) < 2:
        return words.NOT_TRIED_UNTIL_KNOWN
    if any(decision.rule == MAP_RULE for decision in first):
        return words.FEWER_DEVICES
    if any(decision.decider is Decider.HVMLOADER for decision in first):
        return words.HVMLOADER_HALTS
    return words.NOTHING_TRIED_HELPS
