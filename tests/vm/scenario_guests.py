"""Guests of a Xen dom0: what `resolve` and `hotplug` say of each, and what xl and Xen then did.

The answers are those of dom0's bundle, outside.  xl leaves the policy of rdm="strategy=host" to
memory that it never wrote: there the answer is a set, and what was seen has to be one of it.
"""

from collections.abc import Callable, Sequence

import pytest

from dmaragent.addresses import MIB, AddressRange
from dmaragent.host.memory_map import MemoryType
from dmaragent.policy.mmio_hole import (
    BARS_END,
    CIRRUS_BAR,
    HoleContent,
    HoleOccupant,
    hole_contents,
)
from dmaragent.policy.resolution import Resolution
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question, read_guests
from vm.asking import bundle, replayed
from vm.dom0 import dom0
from vm.guests import ATTACHED, GUESTS, Outcome, bars, files, said, seen
from vm.machine import Boot, Booted
from vm.suites import Suite
from vm.truth import Section, Truth


@pytest.fixture(scope="module")
def machine(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> Booted:
    """Boot it once, and lay the configurations beside its bundle."""
    booted = dom0(boot_xen, suite)
    for path, data in files().items():
        (booted.out / path.rpartition("/")[2]).write_bytes(data)
    return booted


@pytest.fixture(scope="module")
def answers(machine: Booted) -> dict[str, list[Outcome]]:
    """Resolve each guest once: the outcomes that are said to be possible."""
    here = bundle(machine)
    return {name: said(replayed(here, "resolve", f"{name}.cfg")["guests"][0]) for name in GUESTS}


def test_guests_start_or_not_as_resolve_says(
    machine: Booted, answers: dict[str, list[Outcome]], truth: Truth
) -> None:
    section = truth.section(
        "Guests: whether they start, and the messages about regions",
        """Left, `dmaragent resolve` on dom0's bundle. Right, `xl create`: whether the guest starts,
        and its error or exit status. The messages compared are libxl's about RDM conflicts, and
        Xen's about shared regions and about pages that it does not map. If several answers are
        possible, the row has their number, and the answer that was seen if it is one of them.""",
        "guest",
    )
    for name, possible in answers.items():
        row(section, named(name), possible, seen(machine, name, 3), str)
    section.hold()


def test_their_memory_is_laid_out_as_resolve_says(
    machine: Booted, answers: dict[str, list[Outcome]], truth: Truth
) -> None:
    section = truth.section(
        "Guests: their memory map",
        """Left, the memory map that `dmaragent resolve` predicts. Right, the E820 table that
        hvmloader printed in the guest, from 1 MiB. What hvmloader itself adds from 0xfc000000 to 4
        GiB is left out, and so are guests that did not start.""",
        "guest",
    )
    for name, possible in answers.items():
        found = seen(machine, name, 3)
        if found.starts:
            assert found.map, f"{name}: hvmloader told no memory map"
            row(section, named(name), possible, found, lambda each: "; ".join(each.map))
    section.hold()


def test_devices_are_attached_or_not_as_hotplug_says(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Guests: devices attached while they run",
        """Left, `dmaragent hotplug` on dom0's bundle. Right, `xl pci-attach`, after hvmloader had
        set up the guest's memory.""",
        "guest, device",
    )
    here = bundle(machine)
    for name, specs in ATTACHED.items():
        for number, spec in enumerate(specs):
            answer = replayed(here, "hotplug", spec, "--into", f"{name}.cfg")
            found = seen(machine, f"{name}.{number}", 1)
            row(section, f"{name}: {spec}", said(answer), found, str)
    section.hold()


def test_bars_lie_where_the_hole_is_predicted(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Guests: the BARs of emulated devices, by hvmloader",
        """Left, where `dmaragent hotplug` expects the BARs of 1 MiB and more, and whether the smaller
        ones are in the ranges that it expects for them. Right, hvmloader's lines. Guests whose
        BARs are unknown to dmaragent are left out.""",
        "guest",
    )
    for name in ATTACHED:
        content = hole(machine, name)
        assert HoleContent.UNKNOWN not in {
            each.content for each in content if each.range.end < BARS_END
        }
        placed = bars(machine.text(f"guests/{name}.xen"))
        large = [each for each in placed if each.size >= MIB]
        small = [each for each in placed if each.size < MIB]
        ranges = [each.range for each in content if each.content is HoleContent.MAYBE_EMULATED]
        outside = [each for each in small if not any(within(each, part) for part in ranges)]
        section.row(named(name), _starts(large_bars(content)), _starts(large))
        section.row(
            f"{name}: {len(small)} smaller ones", "as predicted", f"{outside or 'as predicted'}"
        )
    section.hold()


def hole(machine: Booted, name: str) -> Sequence[HoleOccupant]:
    """Return what `hotplug` expects in a guest's hole."""
    question = Question()
    guests = read_guests((machine.out / f"{name}.cfg").read_text("utf-8"), f"{name}.cfg")
    context = ask_host(str(bundle(machine)), question, guests)
    resolution = GuestResolver(context, question).resolve(guests[0])
    assert isinstance(resolution, Resolution)
    built = resolution.outcomes[0].built
    assert built.layout is not None
    reserved = [each.range for each in built.memory_map if each.type is MemoryType.RESERVED]
    return hole_contents(guests[0], built.layout.after, reserved, resolution.stack.release)


def large_bars(content: Sequence[HoleOccupant]) -> list[AddressRange]:
    """Return the large BARs: video memory and the rest of its BAR are one."""
    found: list[AddressRange] = []
    rest = False
    for each in content:
        if each.content is HoleContent.EMULATED and rest:
            found[-1] = AddressRange(found[-1].start, each.range.end)
        elif each.content in (HoleContent.RAM, HoleContent.EMULATED):
            found.append(each.range)
        rest = each.content is HoleContent.RAM and each.range.size < CIRRUS_BAR
    return found


def within(inner: AddressRange, outer: AddressRange) -> bool:
    """Return whether a range is in another."""
    return outer.start <= inner.start and inner.end <= outer.end


def _starts(ranges: Sequence[AddressRange]) -> list[str]:
    return [f"{each.size // MIB} MiB at {each.start:#x}" for each in ranges]


def row(
    section: Section,
    what: str,
    possible: Sequence[Outcome],
    found: Outcome,
    words: Callable[[Outcome], str],
) -> None:
    """Compare what was seen with the answers: with that one of them which is the same."""
    same = [each for each in possible if each == found]
    if len(possible) > 1:
        what = f"{what} (one of {len(possible)} answers)"
    section.row(what, words((same or list(possible))[0]), words(found))


def named(name: str) -> str:
    """Give a guest's name with what its configuration has besides."""
    return f"{name}: {', '.join(GUESTS[name]) or 'nothing'}"
