"""What becomes of a KVM guest, for people: verdict, reason and next step first."""

from collections.abc import Iterator

from dmaragent.addresses import span
from dmaragent.passthrough.kvm_resolution import KvmResolution, format_words
from dmaragent.policy.decisions import Verdict
from dmaragent.present.escaping import visible
from dmaragent.present.text.resolve import MOST_ROWS, reason_lines
from dmaragent.present.text.resolve_head import MOST_NAME, VERDICT_WORDS, reason_words, shorten
from dmaragent.present.text.tables import labelled, paragraph, render
from dmaragent.present.wording import count, rough_size_words

_MOST_DEVICES = 32
DEVICE_WORDS = {
    Verdict.STARTS: "allowed",
    Verdict.REFUSED: "blocked",
    Verdict.UNDECIDED: "unknown",
}


def kvm_stack_words(found: KvmResolution) -> str:
    """Return for whom the answer is: hypervisor, management program, kernel."""
    kernel = f"Linux {found.kernel}" if found.kernel else "kernel release unknown"
    return f"KVM, {format_words(found.guest)}, {kernel}"


def kvm_text(found: KvmResolution, *, whole: bool = False) -> Iterator[str]:
    """Return the lines of one answer; without `whole`, a long list is cut and says so."""
    yield from _head(found)
    yield from _notes(found)
    if found.reasons:
        yield ""
        yield "Warnings" if found.verdict is Verdict.STARTS else "Reasons"
        yield from reason_lines(found.reasons, None if whole else MOST_ROWS)
    yield from _devices(found, whole=whole)
    yield from _memory(found)


def _head(found: KvmResolution) -> Iterator[str]:
    guest = found.guest
    name = shorten(guest.name or guest.source, MOST_NAME)
    warned = len(found.reasons) if found.verdict is Verdict.STARTS else 0
    verdict = VERDICT_WORDS[found.verdict] + (
        f", with {count(warned, 'warning')}" if warned else ""
    )
    yield from paragraph(f"{name}: {verdict} ({visible(kvm_stack_words(found))})", hang=2)
    if found.reasons:
        more = len(found.reasons) - 1
        rest = f" ({count(more, 'more reason')} below)" if more else ""
        first = found.reasons[0]
        yield from labelled("Why", shorten(reason_words(first), 300) + rest)
    else:
        yield from labelled("Why", why_kvm_starts(found))
    yield from labelled("Next", next_step(found))
    yield from labelled("Rests on", regions_source(found))


def why_kvm_starts(found: KvmResolution) -> str:
    """Return why nothing stands in the way of a guest."""
    if not found.functions:
        return "it is given no PCI device of the host"
    number = count(len(found.functions), "device")
    return f"no reserved region is in the way of its {number}"


def next_step(found: KvmResolution) -> str:
    """Return what to do next, in one line."""
    told = [one.device for one in found.reasons if one.device is not None]
    if told:
        return f"dmaragent explain {told[0]} shows the device, its regions and what helps"
    return "none is needed" if found.verdict is Verdict.STARTS else "see the reasons"


def regions_source(found: KvmResolution) -> str:
    """Return where the reserved regions come from."""
    if not found.functions:
        return "the configuration alone"
    if found.by_kernel:
        return "the reserved regions that Linux publishes"
    return "reserved regions predicted from the firmware's table" + (
        "" if found.kernel else "; the kernel's release is unknown (uname -r)"
    )


def _notes(found: KvmResolution) -> Iterator[str]:
    told = [f"{one.place}: {one.text}" for one in found.guest.notes]
    told += [f"before it can start: {line}" for line in found.prerequisites]
    if told:
        yield ""
        yield "Note"
    for line in told:
        yield from paragraph(line, indent=2, hang=2)


def _devices(found: KvmResolution, *, whole: bool) -> Iterator[str]:
    if not found.functions:
        return
    yield ""
    yield "Devices"
    rows = [
        (str(one.sbdf), one.device.text, one.device.place, DEVICE_WORDS[one.verdict])
        for one in found.functions
    ]
    kept = rows if whole or len(rows) <= _MOST_DEVICES + 1 else rows[:_MOST_DEVICES]
    yield from render(kept)
    if len(kept) < len(rows):
        yield f"  … and {len(rows) - len(kept)} more (--details shows all)"


def _memory(found: KvmResolution) -> Iterator[str]:
    if not found.functions:
        return
    yield ""
    yield from paragraph(f"Guest memory: {memory_words(found)}", hang=2)


def memory_words(found: KvmResolution) -> str:
    """Return how much RAM the guest has and where QEMU puts it."""
    guest = found.guest
    if guest.memory is None:
        return "unknown: the configuration names no size"
    size = rough_size_words(guest.memory)
    machine = guest.machine or "machine type not written"
    if not found.ram:
        return f"{size} ({machine}); its layout is not modelled"
    layouts = " or ".join(
        dict.fromkeys(
            ", ".join(span(part) for part in one.ranges if part.size) for one in found.ram
        )
    )
    more = "; memory devices above it" if guest.more_memory else ""
    return f"{size} ({machine}): {layouts}{more}"
