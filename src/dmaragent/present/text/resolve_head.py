"""The head of a resolution: verdict, reason and remedy within ten lines, whatever is in it."""

from collections.abc import Iterator

from dmaragent.guests.config import GuestType
from dmaragent.policy.decisions import Decider, Decision, Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.layout import Placement
from dmaragent.policy.resolver import Resolution, Stack
from dmaragent.policy.settings import Toolstack
from dmaragent.present.escaping import visible
from dmaragent.present.remedy_words import left_words
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.wording import count
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.xen.reserved_list.model import ListSource

VERDICT_WORDS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "does not start",
    Verdict.UNDECIDED: "whether it starts cannot be said",
}
MOST_NAME = 40
"""Characters of a name or a device that the first line shows."""


_MOST_PLACE = 80
"""How much of a place does not count where the reason behind it is shortened."""


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


def head_text(resolution: Resolution, helps: GuestRemedies) -> Iterator[str]:
    """Give verdict, reason and remedy: ten lines at most."""
    guest = resolution.guest
    name = shorten(guest.name or guest.source, MOST_NAME)
    verdict = VERDICT_WORDS[resolution.verdict]
    warned = len(resolution.reasons) if resolution.verdict is Verdict.STARTS else 0
    verdict += f", with {count(warned, 'warning')}" if warned else ""
    yield from paragraph(f"{name}: {verdict} ({stack_words(resolution.stack)})", hang=2)
    lost = "".join(f"; {one}" for one in resolution.settings.ignored_settings)
    if resolution.reasons:
        more = len(resolution.reasons) - 1
        rest = f" ({count(more, 'more reason')} below)" if more else ""
        first = resolution.reasons[0]
        why = shorten(reason_words(first), 200 + min(len(first.place), _MOST_PLACE))
        yield from labelled("Why", f"{why}{shorten(lost, 60)}{rest}")
    else:
        yield from labelled("Why", shorten(why_it_starts(resolution) + lost))
    yield from labelled("Remedy", _remedy_words(resolution, helps))
    limits = [resolution.stack.origin, *list_words(resolution.host)]
    yield from labelled("Rests on", shorten("; ".join(one for one in limits if one), 200))


def shorten(text: str, most: int = 240) -> str:
    """Leave out the middle of a text that is too long for the head; it stands whole below."""
    text = visible(text)
    if len(text) <= most:
        return text
    begin, end = text[: most * 2 // 3], text[-most // 3 :]
    if " " in begin and " " in end:  # words are left whole
        begin, end = begin.rpartition(" ")[0], end.partition(" ")[2]
    return f"{begin} … {end}"


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
    moved = sum(one.placement is Placement.MOVED for one in placed)
    said = f"{count(len(placed), 'region')} kept free of RAM"
    return said + (f"; {moved} of them by moving RAM" if moved else "")


def list_words(host: HostFacts) -> Iterator[str]:
    """Say where the list of regions comes from."""
    if host.source is ListSource.HYPERVISOR:
        yield "the hypervisor's own list of regions"
    elif host.source is ListSource.PREDICTED:
        yield "; ".join(["a predicted list of regions", *host.notes])


def _remedy_words(resolution: Resolution, helps: GuestRemedies) -> str:
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
        said = f"{shorten(helps.spelling.brief, 120)}: to have it taken"
        return f"{said}; {shorten(helps.spelling.effect, 120)}"
    needed = resolution.verdict is Verdict.STARTS and resolution.reasons
    return "none that takes the warnings away was found" if needed else "none is needed"


def _uncapped(text: str) -> str:
    """Begin with a small letter, as what follows a colon does."""
    return text[:1].lower() + text[1:]
