"""A guest in words: what becomes of it, for which releases, why, and what helps."""

from collections.abc import Iterator, Sequence

from dmaragent.addresses import FOUR_GIB, SBDF, AddressRange, span
from dmaragent.guests.config import GuestType
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution, format_words
from dmaragent.policy.decisions import Decider, Decision, Harm, Verdict, residual_risk
from dmaragent.policy.effective_settings import region_policies
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import PlacedRegion, Placement, RamLayout
from dmaragent.policy.outcomes import PossibleOutcome
from dmaragent.policy.resolution import Resolution, Stack
from dmaragent.policy.settings import Toolstack
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.escaping import shorten
from dmaragent.present.words.host import host_words
from dmaragent.present.words.numbers import count, rough_size_words
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import GuestRemedy
from dmaragent.xen.reserved_list.model import ListSource

_BARE = ("live", "table", "acpidump")

_LISTS = {
    ListSource.HYPERVISOR: "Xen's list",
    ListSource.PREDICTED: "a table, from which Xen's list is predicted",
    ListSource.UNKNOWN: "neither Xen's list nor a table",
}


def source_words(kind: str, path: str, stack: Stack, listed: ListSource | None) -> str:
    """Return what an answer about the host of `kind` at `path` rests on.

    What a bundle or a copy records is its maker's word: nothing proves that a host was so.
    `listed` is where Xen's list comes from; None: the answer is not Xen's.
    """
    library = f"libxlutil {stack.library_answers.release}" if stack.library_answers else ""
    lists = "" if listed is None else _LISTS[listed]
    what = ", ".join(word for word in (library, lists) if word) or "Linux's readings"
    recorded = "" if kind in _BARE else ", as it records"
    return f"{host_words(kind, path)}{recorded}: {what}"


REMEDIES_TITLE = "Fixes, safest first, each tested by resolving the guest with it"


def left_words(remedy: GuestRemedy) -> str:
    """Say how many warnings are left, and the worst of them if the effect does not name it."""
    if not remedy.warnings:
        return ""
    worst = "" if "at a risk:" in remedy.effect else HARM_WORDS[remedy.harm]
    return f"{count(remedy.warnings, 'warning')} left" + (f" ({worst})" if worst else "")


def remedy_sentences(remedy: GuestRemedy) -> Iterator[str]:
    """Yield what to do; then what it costs, what is left and how it is undone, if it helps."""
    yield f"{remedy.effect}."
    if remedy.cost:
        yield f"Cost: {remedy.cost}."
    left = left_words(remedy)
    if left:
        yield f"{left[:1].upper()}{left[1:]}."
    if remedy.undo and remedy.verdict is Verdict.STARTS:
        yield f"Undo: {remedy.undo}."


VERDICT_WORDS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "whether it starts cannot be said",
}


def counted_verdict(verdict: Verdict, reasons: Sequence[Decision]) -> str:
    """Return the verdict of a guest, and how many warnings there are if it starts."""
    if verdict is Verdict.STARTS and reasons:
        return f"{VERDICT_WORDS[verdict]}, with {count(len(reasons), 'warning')}"
    return VERDICT_WORDS[verdict]


def verdict_with_harm(resolution: AnyResolution) -> str:
    """Return the verdict, with its warnings and the worst that one of them means."""
    verdict = resolution.verdict
    if verdict is not Verdict.STARTS or not resolution.reasons:
        return VERDICT_WORDS[verdict]
    worst, number = residual_risk(resolution.reasons)
    harm = ": DMA can overwrite guest RAM" if worst is Harm.CORRUPTION else ""
    return f"{VERDICT_WORDS[verdict]}, with {count(number, 'warning')}{harm}"


def more_reasons(reasons: Sequence[Decision]) -> str:
    """Return how many reasons stand below the first; empty if there are none."""
    more = len(reasons) - 1
    return f" ({count(more, 'more reason')} below)" if more else ""


def resolution_notes(resolution: AnyResolution) -> list[str]:
    """Return what the guest's own lines lead to, and what has to be done before it can start."""
    if isinstance(resolution, KvmResolution):
        notes = [f"{note.place}: {note.text}" for note in resolution.guest.notes]
    else:
        notes = [f"{note.place}: {note.text}" for note in resolution.settings.messages]
    return [*notes, *(f"before it can start: {line}" for line in resolution.prerequisites)]


def reason_words(decision: Decision) -> str:
    """Put a decision into a sentence that says who decides."""
    who = "" if decision.decider is Decider.DMARAGENT else f"{decision.decider.value}: "
    if decision.reason.startswith(f"{decision.decider.value} "):
        who = ""
    place = f"{decision.place}: " if decision.place else ""
    return f"{place}{who}{decision.reason}"


def stack_words(stack: Stack) -> str:
    """Say for which releases the answer is."""
    tools = stack.toolstack.value
    if stack.documented:
        return f"as documented for Xen {stack.release}"
    same = stack.release == stack.hypervisor
    if stack.toolstack is Toolstack.XL:
        return (
            f"Xen {stack.release} and its xl"
            if same
            else f"xl {stack.release} on Xen {stack.hypervisor}"
        )
    libxl = "" if same or stack.toolstack is Toolstack.XAPI else f" with libxl {stack.release}"
    return f"{tools}{libxl} on Xen {stack.hypervisor}"


def why_it_starts(resolution: Resolution) -> str:
    """Say why a guest starts that nothing is said against."""
    case = resolution.outcome
    if resolution.guest.type is GuestType.PV:
        return "no region of its devices is in the way: a PV guest has them mapped in the IOMMU"
    placed = case.built.layout.placed if case is not None and case.built.layout else ()
    if not placed:
        devices = len(resolution.settings.devices)
        return "no region is reserved for it" + (
            f": {count(devices, 'device')}, without regions" if devices else ""
        )
    moved = sum(region.placement is Placement.MOVED for region in placed)
    sentence = f"{count(len(placed), 'region')} kept free of RAM"
    return sentence + (f"; {moved} of them by moving RAM" if moved else "")


def list_words(host: HostFacts) -> Iterator[str]:
    """Say where the list of regions comes from."""
    if host.source is ListSource.HYPERVISOR:
        yield "the hypervisor's own list of regions"
    elif host.source is ListSource.PREDICTED:
        yield "; ".join(["a predicted list of regions", *host.notes])


DEVICE_WORDS = {
    Verdict.STARTS: "allowed",
    Verdict.REFUSED: "blocked",
    Verdict.UNDECIDED: "unknown",
}


def kvm_stack_words(resolution: KvmResolution) -> str:
    """Return for whom the answer is: hypervisor, management program, kernel."""
    kernel = f"Linux {resolution.kernel}" if resolution.kernel else "kernel release unknown"
    return f"KVM, {format_words(resolution.guest)}, {kernel}"


def why_kvm_starts(resolution: KvmResolution) -> str:
    """Return why nothing stands in the way of a guest."""
    if not resolution.functions:
        return "it is given no PCI device of the host"
    number = count(len(resolution.functions), "device")
    return f"no reserved region is in the way of its {number}"


def kvm_next_step(resolution: KvmResolution) -> str:
    """Return what to do next, in one line."""
    devices = [reason.device for reason in resolution.reasons if reason.device is not None]
    if devices:
        return f"dmaragent explain {devices[0]} shows the device, its regions and what helps"
    return "none is needed" if resolution.verdict is Verdict.STARTS else "see the reasons"


def kvm_regions_source(resolution: KvmResolution) -> str:
    """Return where the reserved regions come from."""
    if not resolution.functions:
        return "the configuration alone"
    if resolution.by_kernel:
        return "the reserved regions that Linux publishes"
    return "reserved regions predicted from the firmware's table" + (
        "" if resolution.kernel else "; the kernel's release is unknown (uname -r)"
    )


def kvm_memory_words(resolution: KvmResolution) -> str:
    """Return how much RAM the guest has and where QEMU puts it."""
    guest = resolution.guest
    if guest.memory is None:
        return "unknown: the configuration names no size"
    size = rough_size_words(guest.memory)
    machine = guest.machine or "machine type not written"
    if not resolution.ram:
        return f"{size} ({machine}); its layout is not modelled"
    layouts = " or ".join(
        dict.fromkeys(
            ", ".join(span(part) for part in layout.ranges if part.size)
            for layout in resolution.ram
        )
    )
    more = "; memory devices above it" if guest.more_memory else ""
    return f"{size} ({machine}): {layouts}{more}"


_OUTCOME_WORDS = {
    Placement.CLEAR: "kept free",
    Placement.MOVED: "RAM moved",
    Placement.HIDDEN: "not told",
    Placement.CONFLICT: "CONFLICT",
}

REGION_COLUMNS = ("Range", "Owner", "Policy", "Decided by", "Outcome")


def reason_groups(reasons: Sequence[Decision]) -> list[list[Decision]]:
    """Give the reasons that are told together: of several regions by one rule."""
    groups: dict[tuple[object, ...], list[Decision]] = {}
    for reason in reasons:
        own = reason.reason if reason.region is None else ""
        groups.setdefault((reason.decider, reason.rule, reason.effect, own), []).append(reason)
    return list(groups.values())


def region_row(
    resolution: Resolution, case: PossibleOutcome, placed: PlacedRegion
) -> tuple[str, str, str, str, str]:
    """Say of one region whose it is, by which policy, who decided that, and what came of it."""
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
    """Name the first owner and how many more there are; `inventory` names them all."""
    if not owners:
        return "not known"
    return str(owners[0]) + (f" +{len(owners) - 1}" if len(owners) > 1 else "")


def ram_ranges(ram: RamLayout) -> tuple[AddressRange, ...]:
    """Give the ranges that a guest's RAM lies in."""
    low = AddressRange(0, ram.lowmem_end)
    return (low, AddressRange(FOUR_GIB, ram.highmem_end)) if ram.highmem_end > FOUR_GIB else (low,)


def any_stack_words(resolution: AnyResolution) -> str:
    """Return for whom an answer is."""
    return (
        kvm_stack_words(resolution)
        if isinstance(resolution, KvmResolution)
        else stack_words(resolution.stack)
    )


def first_remedy_words(resolution: Resolution, helps: GuestRemedies) -> str:
    """Return the first remedy in a line, or why there is none; the list of them stands below."""
    if helps.ranked:
        first = helps.ranked[0]
        others = len(helps.ranked) - 1
        more = f" ({count(others, 'other')} below)" if others else ""
        left = left_words(first)
        left = f"; {left}" if left else ""
        return f"{shorten(first.brief, 120)}: {shorten(_uncapped(first.effect), 110)}{left}{more}"
    if helps.why_none:
        return shorten(helps.why_none, 200)
    if helps.spelling is not None:
        sentence = f"{shorten(helps.spelling.brief, 120)}: to have it taken"
        return f"{sentence}; {shorten(helps.spelling.effect, 120)}"
    needed = resolution.verdict is Verdict.STARTS and resolution.reasons
    return "none that takes the warnings away was found" if needed else "none is needed"


def _uncapped(text: str) -> str:
    """Begin with a small letter, as what follows a colon does."""
    return text[:1].lower() + text[1:]
