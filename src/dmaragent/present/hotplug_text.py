"""What becomes of an attached device: for people, and as docs/schema/hotplug.v1.json."""

from collections.abc import Iterator
from typing import Any

from dmaragent.policy.decisions import Verdict
from dmaragent.policy.hotplug import Hotplug, advice
from dmaragent.present.documents import document
from dmaragent.present.resolve_document import decision_object, stack_object
from dmaragent.present.resolve_text import labelled, list_words, reason_words, stack_words
from dmaragent.present.tables import paragraph

_WORDS = {
    Verdict.STARTS: "is attached",
    Verdict.REFUSED: "is refused",
    Verdict.UNDECIDED: "cannot be said",
}


def hotplug_text(found: Hotplug) -> Iterator[str]:
    """Give the lines of the answer: verdict, reason, what to do, what it rests on."""
    guest = found.guest.name or found.guest.source
    verdict = _WORDS[found.verdict]
    if found.verdict is Verdict.STARTS and found.warnings:
        verdict += ", with a warning" if len(found.warnings) == 1 else ", with warnings"
    yield from paragraph(
        f"{found.text} into {guest}: {verdict} ({stack_words(found.stack)})", hang=2
    )
    told = found.decisions or found.warnings
    why = reason_words(told[0]) if told else "nothing of its regions meets the guest's RAM"
    yield from labelled("Why", why)
    yield from labelled("Policy", f"{found.policy.value}: {_policy_origin(found)}")
    for one in advice(found):
        yield from labelled("Remedy", one)
    for line in found.needs:
        yield from labelled("First", line)
    limits = [found.stack.origin, *list_words(found.host)]
    yield from labelled("Rests on", "; ".join(one for one in limits if one))
    rest = told[1:]
    if rest:
        yield ""
        yield "More"
        for decision in rest:
            yield from paragraph(reason_words(decision), indent=2, hang=2)


def _policy_origin(found: Hotplug) -> str:
    if "rdm_policy=" in found.text:
        return "as the specification says"
    return "the default of pci-attach; the guest's rdm= does not count"


def hotplug_document(found: Hotplug, kind: str, path: str) -> dict[str, Any]:
    """Give the document of ``dmaragent hotplug``."""
    answer = {
        "device": found.text,
        "guest": {"source": found.guest.source, "name": found.guest.name},
        "stack": stack_object(found.stack),
        "list_source": found.host.source.value,
        "verdict": {"starts": "attached"}.get(found.verdict.value, found.verdict.value),
        "policy": found.policy.value,
        "reasons": [decision_object(one) for one in found.decisions or found.warnings],
        "advice": list(advice(found)),
        "needs": list(found.needs),
    }
    return document("hotplug", {"host": {"kind": kind, "path": path}}, answer)
