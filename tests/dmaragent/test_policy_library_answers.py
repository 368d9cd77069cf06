"""What the installed libxlutil says of a text, and that it wins over the release."""

import json

import pytest

from dmaragent.collect.ledger import LIBXLUTIL
from dmaragent.collect.live import calls
from dmaragent.guests.rdm import Policy, RdmRefusal, RdmText, Strategy
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.library_answers import LibraryAnswers, read_library_answers
from dmaragent.policy.resolver import resolve
from dmaragent.readings import Missing
from dmaragent.releases import Release
from support.guests import facts, guest, stack
from support.libxlutil import installed
from support.wording import Worded


def test_the_installed_library_is_asked_in_a_child_process() -> None:
    installed("4.17")  # skips, or fails in CI, without it
    texts = {"rdm": ["strategy=host", "strategy=host,policy=strict"], "pci": ["00:14.0", "x"]}
    output = calls.call(LIBXLUTIL.request(arguments=(json.dumps(texts),)))

    assert not isinstance(output, Missing)
    assert read_library_answers(output) == LibraryAnswers(
        Release(4, 17),
        {
            "strategy=host": RdmText(Strategy.HOST, None),
            "strategy=host,policy=strict": RdmRefusal(0, "something else", silent=True),
        },
        {"00:14.0": True, "x": False},
    )


def test_what_the_library_says_wins_and_is_named(worded: Worded) -> None:
    library_answers = LibraryAnswers(
        Release(4, 23), {"strategy=host,policy=strict": RdmText(Strategy.HOST, Policy.STRICT)}
    )
    one = guest(rdm="strategy=host,policy=strict", rdm_mem_boundary=2800)

    assert resolve(one, facts(), stack(library_answers=library_answers)).verdict is Verdict.REFUSED
    refused = LibraryAnswers(Release(4, 23), {}, {"00:14.0": False})
    found = resolve(guest("00:14.0"), facts(), stack(library_answers=refused))
    assert found.verdict is Verdict.UNDECIDED
    worded(found.reasons[0].reason, "4.23")


@pytest.mark.parametrize("output", [b"", b"x\n", b'["rdm", 1]\n', b'["library", "x"]\n'])
def test_an_answer_that_cannot_be_understood_is_no_evidence(output: bytes) -> None:
    assert read_library_answers(output) is None


def test_answers_before_the_library_died_count() -> None:
    lines = b'["library", "4.17"]\n["rdm", "a", -6, null, null, true]\n["rdm", "b", 0, 7'

    found = read_library_answers(lines)
    assert found is not None
    assert list(found.rdm) == ["a"]


@pytest.mark.parametrize(
    ("line", "binary"),
    [
        (b'["number", "0b1", 1]', True),
        (b'["number", "0b1", null]', False),
        (b'["number", "12", 12]', None),
        (b'["rdm", "a", 0, 7, 0, true]', None),  # no strategy has the number 7
    ],
)
def test_only_the_number_that_was_tried_shows_how_0b_is_read(
    line: bytes,
    binary: bool | None,  # noqa: FBT001 - a parameter of the test
) -> None:
    found = read_library_answers(b'["library", "4.17"]\n' + line)

    assert found is not None
    assert (found.binary, found.rdm) == (binary, {})
