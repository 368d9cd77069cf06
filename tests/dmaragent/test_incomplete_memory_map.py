"""A memory map that lacks entries: what rests on them is unknown, the rest is as before."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.checks import check
from dmaragent.checks.common.facts import Need
from dmaragent.collect import ledger
from dmaragent.collect.ledger import HostRequest
from dmaragent.host import Host
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can
from dmaragent.question.context import Question, context_of
from dmaragent.readings import Missing, MissingKind
from support.losses import Loss, Value, recorded_answers, with_losses
from support.machines import MACHINES
from support.wording import Worded

RMRR_HOST = MACHINES / "qemu-q35-rmrr"
"""All its regions are in entry 3 of the map, System RAM: Xen 4.19 switches VT-d off."""
OWNER = SBDF.parse("0000:01:00.0")
DENIED = Missing(MissingKind.DENIED, "Permission denied")


@pytest.fixture(scope="module")
def answers() -> dict[HostRequest, Value]:
    return recorded_answers(RMRR_HOST)


def xen_verdict(host: Host, release: str | None = None) -> Can:
    known = context_of(host, Question(xen=release))
    return explain(known.inventory, known.facts, known.stack, OWNER).xen.can


def lost(part: str, answer: Value = DENIED) -> Loss:
    return Loss(ledger.MEMORY_MAP_ENTRY.request(part), "lost", answer)


def test_the_whole_map_says_no(answers: dict[HostRequest, Value]) -> None:
    assert xen_verdict(with_losses(answers)) is Can.NO


@pytest.mark.parametrize("name", ["start", "end", "type"])
def test_an_entry_that_may_not_be_read_makes_it_unknown(
    name: str, answers: dict[HostRequest, Value], worded: Worded
) -> None:
    host = with_losses(answers, lost(f"3/{name}"))
    assert xen_verdict(host) is Can.UNKNOWN
    worded(host.problems)


@pytest.mark.parametrize("kind", [MissingKind.DENIED, MissingKind.FAILED])
def test_a_map_that_could_not_be_read_makes_it_unknown_with_the_error(
    kind: MissingKind, answers: dict[HostRequest, Value]
) -> None:
    error = Missing(kind, "Input/output error")
    sources = (ledger.MEMORY_MAP.request(), ledger.BOOT_LOG.request())
    host = with_losses(answers, *(Loss(source, "lost", error) for source in sources))

    assert xen_verdict(host) is Can.UNKNOWN
    assert "Input/output error" in take_inventory(host).xen.list.doubt


@pytest.mark.parametrize("content", [b"", b"0x10", b"-1\n", b"0x1ffffffffffffffff\n"])
def test_an_entry_that_is_malformed_makes_it_unknown(
    content: bytes, answers: dict[HostRequest, Value]
) -> None:
    assert xen_verdict(with_losses(answers, lost("3/end", content))) is Can.UNKNOWN


def test_an_entry_whose_end_is_below_its_start_makes_it_unknown(
    answers: dict[HostRequest, Value],
) -> None:
    assert xen_verdict(with_losses(answers, lost("3/end", b"0x0\n"))) is Can.UNKNOWN


def test_an_entry_that_is_not_there_makes_it_unknown(answers: dict[HostRequest, Value]) -> None:
    names = answers[ledger.MEMORY_MAP.request()]
    assert isinstance(names, tuple)
    left = tuple(name for name in names if name != "3")
    host = with_losses(answers, Loss(ledger.MEMORY_MAP.request(), "without 3", left))
    assert xen_verdict(host) is Can.UNKNOWN


def test_another_entry_leaves_the_answer_as_it_was(answers: dict[HostRequest, Value]) -> None:
    assert xen_verdict(with_losses(answers, lost("7/start"))) is Can.NO


def test_a_release_that_only_warns_of_ram_answers_as_before(
    answers: dict[HostRequest, Value],
) -> None:
    whole = xen_verdict(with_losses(answers), "4.17.7")
    assert whole is not Can.UNKNOWN
    assert xen_verdict(with_losses(answers, lost("3/type")), "4.17.7") is whole


def test_a_region_that_is_known_to_be_reserved_is_not_in_doubt() -> None:
    answers = recorded_answers(MACHINES / "lenovo-laptop")
    owner = SBDF.parse("0000:00:14.0")

    def verdict(*losses: Loss) -> Can:
        known = context_of(with_losses(answers, *losses), Question())
        return explain(known.inventory, known.facts, known.stack, owner).xen.can

    assert verdict(lost("0/type")) is verdict()
    assert verdict() is not Can.UNKNOWN


@pytest.mark.parametrize("kind", [MissingKind.DENIED, MissingKind.FAILED])
def test_a_map_that_is_there_and_unreadable_makes_it_unknown(
    kind: MissingKind, answers: dict[HostRequest, Value]
) -> None:
    losses = [
        Loss(request, "lost", Missing(kind, "lost by a test"))
        for request in (ledger.MEMORY_MAP.request(), ledger.BOOT_LOG.request())
    ]
    assert xen_verdict(with_losses(answers, *losses)) is Can.UNKNOWN


def lost_whole(name: str, start: bytes, end: bytes, kind: bytes) -> tuple[Loss, ...]:
    parts = {"start": start, "end": end, "type": kind}
    return tuple(lost(f"{name}/{part}", value) for part, value in parts.items())


RAM = (b"0x100000\n", b"0x7ffd2fff\n", b"System RAM\n")
"""Entry 3 of the recorded map, as the kernel wrote it."""


@pytest.mark.parametrize(
    "losses",
    [
        lost_whole("4", *RAM[:2], b"Reserved\n"),
        lost_whole("4", b"0x200000\n", b"0x7fffffff\n", b"Reserved\n"),
        lost_whole("3", b"0x7ffd3000\n", b"0x7fffffff\n", b"Reserved\n"),
        lost_whole("7", b"0x0\n", b"0xffffffffffffffff\n", b"Reserved\n"),
    ],
    ids=["same-place", "partly", "two-alike", "around-all"],
)
def test_entries_that_overlap_make_it_unknown(
    losses: tuple[Loss, ...], answers: dict[HostRequest, Value]
) -> None:
    host = with_losses(answers, *losses)
    assert xen_verdict(host) is Can.UNKNOWN
    assert any("overlap" in problem for problem in host.problems)


def test_an_entry_more_over_the_same_memory_makes_it_unknown(
    answers: dict[HostRequest, Value],
) -> None:
    names = answers[ledger.MEMORY_MAP.request()]
    assert isinstance(names, tuple)
    more = Loss(ledger.MEMORY_MAP.request(), "one more", (*names, "9"))
    host = with_losses(answers, more, *lost_whole("9", *RAM[:2], b"Reserved\n"))
    assert xen_verdict(host) is Can.UNKNOWN


@pytest.mark.parametrize("kind", [b"System RAN\n", b"System\n", b"Reservex\n", b"\xff\n"])
def test_a_type_that_no_kernel_writes_makes_it_unknown(
    kind: bytes, answers: dict[HostRequest, Value]
) -> None:
    assert xen_verdict(with_losses(answers, lost("3/type", kind))) is Can.UNKNOWN


@pytest.mark.parametrize("kind", [b"Persistent Memory (legacy)\n", b"Unknown E820 type\n"])
def test_a_type_that_kernels_write_is_in_use(
    kind: bytes, answers: dict[HostRequest, Value]
) -> None:
    assert xen_verdict(with_losses(answers, lost("3/type", kind))) is Can.NO


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_map_that_ends_below_the_regions_makes_it_unknown(
    count: int, answers: dict[HostRequest, Value]
) -> None:
    names = answers[ledger.MEMORY_MAP.request()]
    assert isinstance(names, tuple)
    shorter = Loss(ledger.MEMORY_MAP.request(), "shorter", names[:count])
    assert xen_verdict(with_losses(answers, shorter)) is Can.UNKNOWN


LOG = b"""\
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x000000007ffd2fff] usable
[    0.000000] BIOS-e820: [mem 0x00000000fffc0000-0x00000000ffffffff] reserved
[    0.000000] ACPI: DMAR 0x000000007FFE0000
"""


@pytest.mark.parametrize(
    ("gone", "verdict"),
    [
        (b"", Can.NO),
        (LOG[: 2 * LOG.index(b"\n")], Can.UNKNOWN),
        (b"-0x000000007ffd2fff] usable", Can.UNKNOWN),
    ],
    ids=["whole", "its-beginning", "a-line-cut"],
)
def test_a_logged_map_that_lost_lines_makes_it_unknown(
    gone: bytes, verdict: Can, answers: dict[HostRequest, Value]
) -> None:
    absent = Loss(ledger.MEMORY_MAP.request(), "absent", Missing(MissingKind.ABSENT, "none"))
    log = Loss(ledger.BOOT_LOG.request(), "log", LOG.replace(gone, b"") if gone else LOG)
    assert xen_verdict(with_losses(answers, absent, log)) is verdict


def test_no_region_is_blamed_for_an_entry_that_was_lost(answers: dict[HostRequest, Value]) -> None:
    checked = check(take_inventory(with_losses(answers, lost("3/start"))))

    (lacking,) = (lacks for lacks in checked.not_asked if lacks.need is Need.MEMORY_MAP)

    assert {"rmrr-in-ram", "rmrr-not-reserved", "unit-in-ram"} <= set(lacking.rules)
    assert "rmrr-not-reserved" not in {finding.rule.id for finding in checked.findings}
