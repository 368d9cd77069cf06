"""A guest in words: whether it starts, for which releases, why, and its fixes."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import FOUR_GIB, SBDF, AddressRange, span
from dmaragent.guests.config import GuestType
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Decider, Decision, Effect, Harm, Verdict, residual_risk
from dmaragent.policy.effective_settings import region_policies
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import PlacedRegion, Placement, RamLayout
from dmaragent.policy.resolution import PossibleOutcome, Resolution, Stack
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.words import HARM_WORDS, capitalized
from dmaragent.present.words.host import host_words
from dmaragent.present.words.kvm_guest import kvm_stack_words
from dmaragent.present.words.numbers import count
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import GuestRemedy
from dmaragent.remedies.words import REMOVE_RDM_EFFECT
from dmaragent.xen.reserved_list.model import ListSource

_RECORDED = ("recorded", "directory", "bundle", "archive")
"""The kinds of hosts that someone recorded or copied; the others are this machine or a table alone."""
_LISTS = {
    ListSource.HYPERVISOR: "Xen reported its list of regions",
    ListSource.PREDICTED: "Xen's list of regions is predicted from the table",
    ListSource.UNKNOWN: "neither Xen's list of regions nor a table is available",
}
_LINUX_REGIONS = "the regions that Linux reported, or else predicted from the table"


def recorded_words(kind: str, path: str) -> str:
    """Return that an answer is about a host as recorded at `path`; empty for this machine.

    Nothing proves that what a bundle or a copy records was so on the host.
    """
    return f"Source: {_source(kind, path)}" if kind in _RECORDED else ""


def source_words(kind: str, path: str, stack: Stack, listed: ListSource | None) -> str:
    """Return the source of an answer about the host of `kind` at `path`.

    `listed` is the source of Xen's list; None: the answer is not about Xen.
    """
    answers = stack.library_answers
    read = answers is not None and answers.read_settings
    library = f"libxlutil {answers.release} read the settings" if answers and read else ""
    lists = _LINUX_REGIONS if listed is None else _LISTS[listed]
    what = "; ".join(part for part in (library, lists) if part)
    return f"{_source(kind, path)}: {what}"


def _source(kind: str, path: str) -> str:
    """Return the words for the host, and that it was recorded, once."""
    own_words = kind == "recorded" or kind not in _RECORDED
    return host_words(kind, path) if own_words else f"{host_words(kind, path)} (as recorded)"


# Fixes ----------------------------------------------------------------------------------

REMEDIES_TITLE = "Fixes, safest first, each tested by resolving the guest again"


def left_words(remedy: GuestRemedy) -> str:
    """Return how many warnings remain with a fix, and its risk; empty if none remain."""
    if not remedy.warnings:
        return ""
    return f"{count(remedy.warnings, 'warning')} remain{'s' if remedy.warnings == 1 else ''}"


def remedy_sentences(remedy: GuestRemedy) -> Iterator[str]:
    """Yield what to do; then its cost, its risk, what remains, and how to undo it if it works."""
    yield f"{remedy.action}."
    if remedy.cost:
        yield f"Cost: {remedy.cost}."
    left = left_words(remedy)
    if remedy.risk:
        yield f"Risk: {remedy.risk} ({left})." if left else f"Risk: {remedy.risk}."
    elif left:
        yield f"{left}."
    if remedy.undo and remedy.verdict is Verdict.STARTS:
        yield f"Undo: {remedy.undo}."


def remedy_in_short(remedy: GuestRemedy) -> str:
    """Return the risk and loss of a fix, or else its effect and cost, for a list."""
    if remedy.risk:
        parts = (f"risk: {remedy.risk}", remedy.lost)
    else:
        # the removal of rdm= is beside it, and not named again
        effect = remedy.action if remedy.lines else REMOVE_RDM_EFFECT
        parts = (uncapitalized(effect), remedy.cost)
    return "; ".join(part for part in parts if part)


def no_remedy_words(helps: GuestRemedies) -> str:
    """Return why there is no fix, or what to do first; empty if no fix is needed."""
    return capitalized(helps.why_none)


NO_REMEDY_OF_WARNINGS = "No fix found that removes the warnings"


def spelling_words(spelling: GuestRemedy) -> str:
    """Return how to write what this release ignores, and the result."""
    return f"xl accepts {spelling.brief} instead; {spelling.effect}"


def uncapitalized(sentence: str) -> str:
    """Return `sentence` with a small letter, to follow a colon."""
    return sentence[:1].lower() + sentence[1:]


# Verdicts -------------------------------------------------------------------------------

VERDICT_WORDS = {
    Verdict.STARTS: "will start",
    Verdict.REFUSED: "will not start",
    Verdict.UNDECIDED: "unknown",
}
"""The verdict words of guests, the same in every verb and in the report."""
DEPENDS = "depends"
"""The verdict word of a guest that starts with some of the possible values and fails with others."""


def verdict_word(resolution: AnyResolution) -> str:
    """Return the verdict word of one guest."""
    if isinstance(resolution, Resolution) and resolution.verdict is Verdict.UNDECIDED:
        possible = {case.verdict for case in resolution.outcomes}
        if possible >= {Verdict.STARTS, Verdict.REFUSED}:
            return DEPENDS
    return VERDICT_WORDS[resolution.verdict]


def verdict_with_warnings(resolution: AnyResolution) -> str:
    """Return the verdict word, and how many warnings there are if the guest starts."""
    word = verdict_word(resolution)
    if resolution.verdict is Verdict.STARTS and resolution.reasons:
        return f"{word}, with {count(len(resolution.reasons), 'warning')}"
    return word


def verdict_with_harm(resolution: AnyResolution) -> str:
    """Return the verdict with its warnings and the worst harm among them."""
    verdict = verdict_with_warnings(resolution)
    if resolution.verdict is not Verdict.STARTS:
        return verdict
    worst = residual_risk(resolution.reasons).harm
    return f"{verdict}: {HARM_WORDS[worst]}" if worst >= Harm.CORRUPTION else verdict


def risk_if_it_starts(resolution: Resolution) -> str:
    """Return the worst harm of a guest whose start is unknown, if it starts; or empty."""
    if resolution.verdict is not Verdict.UNDECIDED:
        return ""
    warnings = tuple(warning for case in resolution.outcomes for warning in case.built.warnings)
    harm = HARM_WORDS[residual_risk(warnings).harm]
    return f"Risk if it starts: {harm}" if harm else ""


# Reasons --------------------------------------------------------------------------------


def place_words(place: str, source: str) -> str:
    """Return a place without the folders of `source`, the file that most places are in."""
    if source and place.startswith(source):
        return source.rpartition("/")[2] + place[len(source) :]
    return place


def line_words(place: str, source: str) -> str:
    """Return a place in the file `source` as its line, for a table about that file."""
    line = place[len(source) + 1 :] if place.startswith(f"{source}:") else ""
    return f"line {line}" if line.isdecimal() else place_words(place, source)


def resolution_notes(resolution: AnyResolution) -> list[str]:
    """Return the notes on the guest's own lines, and what must be done before it can start."""
    if isinstance(resolution, KvmResolution):
        notes = [(note.place, note.text) for note in resolution.guest.notes]
    else:
        notes = [(note.place, note.text) for note in resolution.settings.messages]
    source = resolution.guest.source
    return [
        *(f"{place_words(place, source)}: {text}" for place, text in notes),
        *prerequisite_words(resolution),
    ]


def reported_words(line: str) -> str:
    """Return what users reported for the release, which decides nothing."""
    return f"Reported, not observed here: {line}"


def prerequisite_words(resolution: AnyResolution) -> list[str]:
    """Return what must be done before the guest can start."""
    if isinstance(resolution, KvmResolution):
        return [f"Before the guest can start: {step}" for step in resolution.prerequisites]
    return [f"Before the guest can start, run `{line}`" for line in resolution.prerequisites]


_REFUSES = {
    Decider.HVMLOADER: "hvmloader stops it: ",
    Decider.MANUAL: "the manual pages do not allow it: ",
}


def _decider_words(decision: Decision) -> str:
    if decision.decider is Decider.DMARAGENT:
        return ""
    name = decision.decider.value
    if decision.effect is Effect.REFUSED:
        return _REFUSES.get(decision.decider, f"{name} refuses it: ")
    return f"{name}: "


def reason_words(decision: Decision, source: str = "") -> str:
    """Return a decision as a sentence: who decides, the reason, and its place in `source`."""
    place = f" ({place_words(decision.place, source)})" if decision.place else ""
    return f"{_decider_words(decision)}{decision.reason}{place}"


def likewise_words(group: Sequence[Decision]) -> str:
    """Return how many other regions, or else devices, the first of some reasons applies to."""
    first = group[0]
    regions = {reason.region for reason in group} - {first.region, None}
    devices = {reason.device for reason in group} - {first.device, None}
    if not regions and not devices:
        return ""
    others = count(len(regions), "more region") if regions else count(len(devices), "more device")
    return f" The same for {others}."


def details_words(fixes: int, reasons: int, notes: int) -> str:
    """Return how to see all of an answer, and what it has beyond the short one."""
    parts = [
        count(number, f"more {name}", f"more {plural}")
        for number, name, plural in (
            (fixes, "fix", "fixes"),
            (reasons, "reason", "reasons"),
            (notes, "note", "notes"),
        )
        if number
    ]
    return f"Details{''.join(f', {part}' for part in parts)}: add --details"


# For whom, and why a guest starts -------------------------------------------------------


def stack_words(stack: Stack) -> str:
    """Return the releases that an answer is for."""
    tools = stack.toolstack.value
    if stack.documented:
        return f"as documented for Xen {stack.release}"
    same = stack.release == stack.hypervisor
    if stack.toolstack is Toolstack.XL:
        return f"Xen {stack.release}" if same else f"xl {stack.release} on Xen {stack.hypervisor}"
    libxl = "" if same or stack.toolstack is Toolstack.XAPI else f" with libxl {stack.release}"
    return f"{tools}{libxl} on Xen {stack.hypervisor}"


def release_words(spans: Sequence[str]) -> str:
    """Return releases of Xen, as spans in words."""
    return f"Xen {', '.join(spans)}"


def why_it_starts(resolution: Resolution) -> str:
    """Return why a guest starts without a warning."""
    case = resolution.outcome
    if resolution.guest.type is GuestType.PV:
        return "a PV guest: Xen maps the regions of its devices in the IOMMU only"
    placed = case.built.layout.placed if case is not None and case.built.layout else ()
    if not placed:
        devices = len(resolution.settings.devices)
        if not devices:
            return "no region is reserved for the guest"
        of = "its device" if devices == 1 else f"its {devices} devices"
        return f"no region is reserved for {of}"
    # on AMD, Xen's list repeats a region for each of its device IDs
    regions = {one.reservation.region for one in placed}
    moved = {one.reservation.region for one in placed if one.placement is Placement.MOVED}
    if len(regions) == 1:
        how = ", because libxl moves RAM away from it" if moved else ""
        return f"guest RAM does not overlap its region{how}"
    repeated = f" ({len(placed)} entries of Xen's list)" if len(placed) > len(regions) else ""
    sentence = f"guest RAM overlaps none of its {len(regions)} regions{repeated}"
    which = "all" if moved == regions else f"{len(moved)}"
    return sentence + (f"; libxl moves RAM away from {which} of them" if moved else "")


def no_regions(case: PossibleOutcome) -> str:
    """Return why a laid out guest has no region, or that this is unknown because some may be missing."""
    return "none is known" if case.missing else "none is reserved"


def without_layout(resolution: Resolution, case: PossibleOutcome) -> str:
    """Return why a case has no layout, so that libxl does not move RAM away from regions."""
    if resolution.guest.type is not GuestType.HVM:
        return "libxl moves RAM away from them for HVM guests only"
    if case.built.verdict is Verdict.REFUSED:
        return "not reserved, because the guest is refused before"
    return "none is reserved, so libxl does not move guest RAM"


def list_words(host: HostFacts, stated: Sequence[Decision] = ()) -> Iterator[str]:
    """Yield the source of the list of regions, then its limits, without what `stated` has."""
    if host.source is ListSource.HYPERVISOR:
        yield "Xen reported its regions"
    elif host.source is ListSource.PREDICTED:
        yield "Xen's list of regions is predicted"
    yield from list_limits(host, stated)


def list_limits(host: HostFacts, stated: Sequence[Decision] = ()) -> Iterator[str]:
    """Yield the limits of a predicted list of regions, without what `stated` has."""
    if host.source is ListSource.PREDICTED:
        doubt = host.incomplete
        repeats = bool(doubt) and any(doubt in decision.reason for decision in stated)
        yield from (capitalized(n) for n in host.notes if not (repeats and doubt in n))


# One guest in full ----------------------------------------------------------------------

_OUTCOME_WORDS = {
    Placement.CLEAR: "no overlap",
    Placement.MOVED: "RAM moved away",
    Placement.HIDDEN: "not in the map",
    Placement.CONFLICT: "conflict",
}
REGION_COLUMNS = ("Range", "Owner", "Policy", "Set by", "Result")


def reason_groups(reasons: Sequence[Decision]) -> list[list[Decision]]:
    """Return the reasons in groups: several regions with one rule."""
    groups: dict[tuple[object, ...], list[Decision]] = {}
    for reason in reasons:
        own = reason.reason if reason.region is None else ""
        groups.setdefault((reason.decider, reason.rule, reason.effect, own), []).append(reason)
    return list(groups.values())


def region_row(
    resolution: Resolution, case: PossibleOutcome, placed: PlacedRegion
) -> tuple[str, str, str, str, str]:
    """Return a region's range, owner, policy, what sets the policy, and the result."""
    entry = placed.reservation
    owners = resolution.host.owners.get(entry.region, ())
    decided = "the guest" if entry.decided_by is None else str(entry.decided_by)
    return (
        span(entry.region),
        _owner_words(owners),
        " or ".join(region_policies(resolution, case, placed)),
        decided,
        _OUTCOME_WORDS[placed.placement],
    )


def _owner_words(owners: tuple[SBDF, ...]) -> str:
    """Return the first owner and the number of others; `inventory` lists all."""
    if not owners:
        return "unknown"
    return str(owners[0]) + (f" +{len(owners) - 1}" if len(owners) > 1 else "")


def ram_ranges(ram: RamLayout) -> tuple[AddressRange, ...]:
    """Return the ranges of a guest's RAM."""
    low = AddressRange(0, ram.lowmem_end)
    return (low, AddressRange(FOUR_GIB, ram.highmem_end)) if ram.highmem_end > FOUR_GIB else (low,)


# Several guests -------------------------------------------------------------------------

ONE_GUEST_IN_FULL = "For full details, name one guest or add --details"


def guests_by_verdict(verdicts: Sequence[str], stacks: Sequence[str]) -> str:
    """Return how many guests have each verdict word, and the releases that it is for."""
    numbers = [
        f"{verdicts.count(word)} {word}"
        for word in (*VERDICT_WORDS.values(), DEPENDS)
        if word in verdicts
    ]
    return f"{count(len(verdicts), 'guest')}: {', '.join(numbers)} ({'; '.join(stacks)})"


def skipped_words(path: str, why: str) -> str:
    """Return that a file of a folder was skipped, and why."""
    return f"{path}: skipped: {why}"


def any_stack_words(resolution: AnyResolution) -> str:
    """Return what an answer is for: toolstack and releases, or the kernel."""
    return (
        kvm_stack_words(resolution)
        if isinstance(resolution, KvmResolution)
        else stack_words(resolution.stack)
    )
