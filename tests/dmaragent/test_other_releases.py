"""The releases of Xen by verdict, if the host's is unknown: as if each were named."""

import re
from collections.abc import Mapping

import pytest

from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.graphics import GRAPHICS_BY_CLASS, GRAPHICS_OF_BOTH_CLASSES
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.hvmloader import hvmloader_memory
from dmaragent.policy.resolution import OtherReleases, Resolution, Stack
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import GRAPHICS_KIND
from dmaragent.present.words.other_releases import by_release, other_releases_words
from dmaragent.question import context
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question, context_of, read_guests
from dmaragent.question.releases import release_spans
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.model import ListSource
from support.cli import run
from support.machines import MACHINES

RELEASES = [
    *[f"4.{minor}" for minor in (6, 13, 15, 16, 17, 18, 19, 20, 22)],
    *["4.16.0", "4.17.3", "4.17.4", "4.18.0", "4.18.1", "4.18.3", "4.18.4", "4.19.0", "4.19.1"],
]
SAMPLES = [
    ("synthetic-am5-desktop", "gpu.cfg"),
    ("synthetic-wujie14xa", "host.cfg"),
    ("synthetic-thinkpad-l14-gen3", "nvme.cfg"),
]


def _config(machine: str, guest: str) -> GuestConfig:
    path = MACHINES / machine / "guests" / guest
    return read_guests(path.read_text("utf-8"), guest)[0]


def _others(machine: str, guest: str) -> Mapping[Verdict, tuple[str, ...]]:
    resolver = GuestResolver(ask_host(str(MACHINES / machine), Question()), Question())
    return resolver.other_releases(_config(machine, guest))


def _covers(span: str, minor: int, point: int | None) -> bool | None:
    """Return whether `span` has all of a release; None if it has some of its points."""
    first, _, last = span.partition(" to ")
    low = _end(first, 0)
    high = _end(last or first, 99)
    points = [(minor, each) for each in ((0, 99) if point is None else (point,))]
    inside = [low <= each <= high for each in points]
    partly = point is None and (low[0] == minor or high[0] == minor)
    return all(inside) or (None if any(inside) or partly else False)


def _end(name: str, without: int) -> tuple[int, int]:
    numbers = [int(number) for number in re.findall(r"\d+", name)][1:]
    return numbers[0], numbers[1] if len(numbers) > 1 else without


def test_the_release_from_which_xl_reads_a_file_differently_is_a_bound() -> None:
    r"""Up to 4.6 xl reads \q as q, and from 4.7 on it refuses the file."""
    (guest,) = read_guests('type="hvm"\nbuilder="hvm"\nname="a\\q"\nmemory=512\n', "a.cfg")
    resolver = GuestResolver(ask_host(str(MACHINES / "dell-r820"), Question()), Question())

    assert resolver.other_releases(guest) == {
        Verdict.STARTS: ("4.6",),
        Verdict.REFUSED: ("4.7 to 4.22",),
    }


@pytest.mark.parametrize(
    ("xen", "library", "known"),
    [
        (None, None, False),
        (None, b'["library", "4.17"]\n', True),
        (None, b"died\n", False),
        ("4.17", None, True),
    ],
)
def test_the_release_of_the_installed_library_is_known_without_a_running_xen(
    xen: str | None,
    library: bytes | None,
    known: bool,  # noqa: FBT001 - a case
) -> None:
    r"""4.6 reads \q in a name, and later releases refuse it."""
    (guest,) = read_guests('type="hvm"\nbuilder="hvm"\nname="a\\q"\nmemory=512\n', "a.cfg")
    host = ask_host(str(MACHINES / "dell-r820"), Question()).host
    question = Question(xen=xen)
    decides = context_of(host, question, library)

    assert host.xen is None
    assert decides.release_known is known
    assert (GuestResolver(decides, question).other_releases(guest) == {}) is known
    assert (decides.stack.hypervisor == Release(4, 17)) is known


def test_releases_with_which_the_guest_starts_with_a_warning_are_told_apart() -> None:
    """Xen rejects the table and has no IOMMU: up to 4.12 a PV guest starts, and is unprotected."""
    (guest,) = read_guests('name="a"\ntype="pv"\nmemory=512\npci=["00:1d.0"]\n', "a.cfg")
    machine = str(MACHINES / "synthetic-limit-below-base")
    resolver = GuestResolver(ask_host(machine, Question()), Question())
    others, found = resolver.other_releases(guest), resolver.resolve(guest)
    assert isinstance(found, Resolution)

    assert others[Verdict.STARTS] == ("4.6 to 4.12",)
    (line,) = other_releases_words(found, others)
    assert line == "With Xen 4.6 to 4.12: will start, with a warning"
    mixed = OtherReleases(
        {Verdict.STARTS: ("4.6 to 4.12",), Verdict.REFUSED: ("4.13 to 4.22",)},
        {True: ("4.6 to 4.9",), False: ("4.10 to 4.12",)},
    )
    assert list(by_release(mixed)) == [
        (Verdict.STARTS, True),
        (Verdict.STARTS, False),
        (Verdict.REFUSED, False),
    ]


def test_an_amd_host_has_the_point_releases_that_switch_amd_vi_off() -> None:
    others = _others("synthetic-am5-desktop", "gpu.cfg")

    assert others[Verdict.REFUSED] == ("4.16 to 4.18.3", "4.19.0")
    assert others[Verdict.UNDECIDED] == ("4.6 to 4.15",)
    assert others[Verdict.STARTS][-1] == "4.19.1 to 4.22"
    assert _others("synthetic-wujie14xa", "nvme.cfg") == others


@pytest.mark.parametrize(("machine", "guest"), SAMPLES)
def test_each_release_has_the_verdict_that_it_has_if_it_is_named(machine: str, guest: str) -> None:
    others = _others(machine, guest)
    assert others
    config, host = _config(machine, guest), ask_host(str(MACHINES / machine), Question()).host
    for name in RELEASES:
        question = Question(xen=name)
        verdict = GuestResolver(context_of(host, question), question).resolve(config).verdict
        release = Release.parse(name)
        covering = {
            other: [_covers(span, release.minor, release.point) for span in spans]
            for other, spans in others.items()
        }
        alike = [other for other, own in covering.items() if True in own]
        if alike:
            assert alike == [verdict], name
        else:  # a series whose points differ
            assert (verdict, release.point) == (Verdict.UNDECIDED, None), name


def test_if_the_point_release_decides_it_is_to_be_named_and_its_reason_is_given_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    machine = MACHINES / "synthetic-am5-desktop"
    ran = run(capsys, "resolve", machine / "guests/gpu.cfg", "--host", machine, "--xen", "4.18")
    out = " ".join(ran.out.split())

    assert ran.code == 2
    assert out.count("the point release is unknown") + out.count("The point release is") == 1
    assert "--xen 4.18.N" in out
    assert "complete table" not in out


def test_a_list_that_a_xen_of_unknown_release_reports_is_its_list_with_every_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs there, whatever its release is.  For a release that is named, it is predicted."""
    running = ask_host(str(MACHINES / "xen-pv-dom0"), Question()).host
    assert running.xen is not None
    host = running._replace(xen=running.xen._replace(release=None))
    known, named = (context_of(host, question) for question in (Question(), Question(xen="4.16")))
    assert known.inventory.xen.list.source is ListSource.HYPERVISOR
    assert named.inventory.xen.list.source is ListSource.PREDICTED
    (guest,) = read_guests('name="a"\ntype="hvm"\nmemory=512\n', "a.cfg")
    tried: list[tuple[Release, ListSource]] = []

    def noted(guest: GuestConfig, facts: HostFacts, stack: Stack) -> Resolution:
        assert stack.release == stack.hypervisor == facts.release
        tried.append((stack.release, facts.source))
        return resolve(guest, facts, stack)

    monkeypatch.setattr(context, "resolve", noted)
    GuestResolver(known, Question()).other_releases(guest)

    assert {source for _, source in tried} == {known.facts.source}
    assert len({release for release, _ in tried}) == len(tried) > 1


@pytest.mark.parametrize("amd", [False, True], ids=["Intel", "AMD"])
def test_the_releases_of_a_span_run_guests_alike(*, amd: bool) -> None:
    """Hvmloader's memory and the device that libxl takes for graphics have bounds of their own."""
    bounds = (GRAPHICS_KIND, GRAPHICS_BY_CLASS, GRAPHICS_OF_BOTH_CLASSES)
    for name, last in release_spans(amd=amd):
        first = Release.parse(name.split()[0])
        for release in (Release(4, minor) for minor in range(first.minor, last.minor)):
            assert hvmloader_memory(release) == hvmloader_memory(last), name
            for bound in bounds:
                assert (release.series >= bound) is (last.series >= bound), name
