"""Every wording of every message: a line as it is printed, and what it names."""

import errno
import os
import re

import pytest

from dmaragent.checks import RULES
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.findings import FINDINGS
from dmaragent.messages.model import Message, Names
from dmaragent.messages.numbers import ERRORS
from recall.facts import read
from recall.rendering import render
from support import (
    message_lines_libvirt,
    message_lines_linux,
    message_lines_programs,
    message_lines_tools,
    message_lines_vfio,
    message_lines_xen,
    message_lines_xen_vtd,
)

BY_ID = {message.id: message for message in MESSAGES}


LINES = [
    *message_lines_linux.LINES,
    *message_lines_xen.LINES,
    *message_lines_tools.LINES,
    *message_lines_programs.LINES,
    *message_lines_libvirt.LINES,
    *message_lines_vfio.LINES,
    *message_lines_xen_vtd.LINES,
]
PRINTED = [(fact.message, render(fact.text, fact.program, fact.function)) for fact in read()]
"""Lines made of the programs' own format strings: test_recall holds them against the recogniser."""


@pytest.mark.parametrize(
    ("message", "line", "named"), LINES, ids=[f"{one[0]}-{n}" for n, one in enumerate(LINES)]
)
def test_a_line_is_recognised_with_what_it_names(message: str, line: str, named: Names) -> None:
    found = recogniser().recognise(line).found

    assert [one.message.id for one in found] == [message]
    assert found[0].names == named
    assert (found[0].count, found[0].lines) == (1, (1,))


@pytest.mark.parametrize("message", MESSAGES, ids=[one.id for one in MESSAGES])
def test_every_wording_has_such_a_line(message: Message) -> None:
    stated = [(name, line) for name, line, _ in LINES]
    lines = [re.sub(" +", " ", line) for name, line in (*stated, *PRINTED) if name == message.id]

    unseen = [
        one.template.text
        for one in message.wordings
        if not any(one.template.pattern.search(line) for line in lines)
    ]
    assert unseen == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        "DMAR: Host address width unknown",
        "Device is ineligible for IOMMU domain attach",
        "(XEN) [VT-D] It's disallowed to assign the device with shared RMRR",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr [fault reason 02]",
        "DMAR: [DMA Erase] Request device [00:1d.0] fault addr 1000 [fault reason 02]",
        "DMAR: [DMA Write] Request device [00:1d.9] fault addr 1000 [fault reason 02]",
        "assign (0000:08:00.0) failed (-1)",
        "group is not viable",
        "the plan is not viable",
        "RDM conflict at noon",
        "Unknown option - 'relax'",
        "IVMD: page at 0x4d800 can't be converted",
        'parameter "iommu" has invalid value "maybe", rc=-22!',
        "No firmware reserved region can cover this RMRR [somewhere]",
        "Your BIOS is broken",
        "DMAR: RMRR base: end:",
    ],
)
def test_a_near_miss_is_not_recognised(line: str) -> None:
    assert recogniser().recognise(line).found == ()


QUOTED = sorted(
    {
        (rule.id, quoted)
        for rule in RULES
        for text in (rule.xen, rule.linux, rule.advice)
        for quoted in re.findall(r'"([A-Z][^"]* [^"]*)"', text)
    }
)


@pytest.mark.parametrize(
    ("rule", "quoted"), QUOTED, ids=[f"{one}-{said[:20]}" for one, said in QUOTED]
)
def test_a_message_that_check_quotes_is_known(rule: str, quoted: str) -> None:
    texts = [one.template.text for message in MESSAGES for one in message.wordings]
    pieces = [piece.strip() for piece in quoted.split("...")]

    recognised = recogniser().recognise(quoted).found
    assert recognised or any(all(piece in text for piece in pieces) for text in texts), rule


def test_errors_are_those_of_the_c_library() -> None:
    for number, (name, words) in ERRORS.items():
        assert errno.errorcode[number] == name or getattr(errno, name) == number
        assert os.strerror(number) == words


def test_ids_are_unique_and_the_findings_are_of_known_messages() -> None:
    assert len(BY_ID) == len(MESSAGES)
    assert FINDINGS.keys() <= BY_ID.keys()
    assert {one for ids in FINDINGS.values() for one in ids} <= {rule.id for rule in RULES}


def test_every_message_says_what_it_means_what_to_do_and_where_it_comes_from() -> None:
    for message in MESSAGES:
        assert message.meaning.endswith("."), message.id
        assert message.advice.endswith(".") or message.advice.startswith(("sudo ", "dmaragent ")), (
            message.id
        )
        assert message.releases, message.id
        assert message.source, message.id
        assert not message.source.endswith("."), message.id


def test_no_two_wordings_are_the_same() -> None:
    texts = [one.template.text for message in MESSAGES for one in message.wordings]

    assert len(set(texts)) == len(texts)
