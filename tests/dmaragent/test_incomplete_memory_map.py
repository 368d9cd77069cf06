"""A memory map that lacks entries: what rests on them is unknown, the rest is as before."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.asking import Question, ask_known
from dmaragent.collect import ledger
from dmaragent.collect.ledger import Request
from dmaragent.host import Host
from dmaragent.snapshot import Missing, MissingKind
from dmaragent.verdict import explain
from dmaragent.verdict.model import Can
from support.losses import Loss, Value, recorded_answers, with_losses
from support.machines import MACHINES

RMRR_HOST = MACHINES / "qemu-q35-rmrr"
"""All its regions are in entry 3 of the map, System RAM: Xen 4.19 switches VT-d off."""
OWNER = SBDF.parse("0000:01:00.0")
DENIED = Missing(MissingKind.DENIED, "Permission denied")


@pytest.fixture(scope="module")
def answers() -> dict[Request, Value]:
    return recorded_answers(RMRR_HOST)


def xen_verdict(host: Host, release: str | None = None) -> Can:
    known = ask_known(host, Question(xen=release))
    return explain(known.inventory, known.facts, known.stack, OWNER).xen.can


def lost(part: str, answer: Value = DENIED) -> Loss:
    return Loss(ledger.MEMORY_MAP_ENTRY.request(part), "lost", answer)


def test_the_whole_map_says_no(answers: dict[Request, Value]) -> None:
    assert xen_verdict(with_losses(answers)) is Can.NO


@pytest.mark.parametrize("name", ["start", "end", "type"])
def test_an_entry_that_may_not_be_read_makes_it_unknown(
    name: str, answers: dict[Request, Value]
) -> None:
    host = with_losses(answers, lost(f"3/{name}"))
    assert xen_verdict(host) is Can.UNKNOWN
    assert any("entry 3 of the firmware's memory map" in problem for problem in host.problems)


@pytest.mark.parametrize("content", [b"", b"0x10", b"-1\n", b"0x1ffffffffffffffff\n"])
def test_an_entry_that_is_malformed_makes_it_unknown(
    content: bytes, answers: dict[Request, Value]
) -> None:
    assert xen_verdict(with_losses(answers, lost("3/end", content))) is Can.UNKNOWN


def test_an_entry_whose_end_is_below_its_start_makes_it_unknown(
    answers: dict[Request, Value],
) -> None:
    assert xen_verdict(with_losses(answers, lost("3/end", b"0x0\n"))) is Can.UNKNOWN


def test_an_entry_that_is_not_there_makes_it_unknown(answers: dict[Request, Value]) -> None:
    names = answers[ledger.MEMORY_MAP.request()]
    assert isinstance(names, tuple)
    left = tuple(name for name in names if name != "3")
    host = with_losses(answers, Loss(ledger.MEMORY_MAP.request(), "without 3", left))
    assert xen_verdict(host) is Can.UNKNOWN


def test_another_entry_leaves_the_answer_as_it_was(answers: dict[Request, Value]) -> None:
    assert xen_verdict(with_losses(answers, lost("7/start"))) is Can.NO


def test_a_release_that_only_warns_of_ram_answers_as_before(answers: dict[Request, Value]) -> None:
    whole = xen_verdict(with_losses(answers), "4.17.7")
    assert whole is not Can.UNKNOWN
    assert xen_verdict(with_losses(answers, lost("3/type")), "4.17.7") is whole


def test_a_region_that_is_known_to_be_reserved_is_not_in_doubt() -> None:
    answers = recorded_answers(MACHINES / "lenovo-laptop")
    owner = SBDF.parse("0000:00:14.0")

    def verdict(*losses: Loss) -> Can:
        known = ask_known(with_losses(answers, *losses), Question())
        return explain(known.inventory, known.facts, known.stack, owner).xen.can

    assert verdict(lost("0/type")) is verdict()
    assert verdict() is not Can.UNKNOWN


@pytest.mark.parametrize("kind", [MissingKind.DENIED, MissingKind.FAILED])
def test_a_map_that_is_there_and_unreadable_makes_it_unknown(
    kind: MissingKind, answers: dict[Request, Value]
) -> None:
    losses = [
        Loss(request, "lost", Missing(kind, "lost by a test"))
        for request in (ledger.MEMORY_MAP.request(), ledger.BOOT_LOG.request())
    ]
    assert xen_verdict(with_losses(answers, *losses)) is Can.UNKNOWN
