"""The format strings of Xen, Linux, libxl, QEMU, libvirt and DPDK: which of them are recognised."""

from collections import Counter

import pytest

from dmaragent.messages import recogniser
from recall.c_source import printed
from recall.facts import read, written
from recall.measure import reason
from recall.rendering import render

FACTS = read()


def test_each_format_string_is_recognised_as_the_message_it_is() -> None:
    known = recogniser()
    wrong = []
    for fact in FACTS:
        found = known.recognise(render(fact.text, fact.program, fact.function)).found
        if {one.message.id for one in found} != ({fact.message} - {""}):
            wrong.append((fact.text, fact.message, [one.message.id for one in found]))
    assert wrong == []


def test_at_least_19_of_20_are_recognised_of_all_programs_together() -> None:
    assert len(FACTS) > 800
    assert sum(bool(fact.message) for fact in FACTS) >= 0.95 * len(FACTS)


def test_each_program_is_measured() -> None:
    counted = Counter(fact.program for fact in FACTS)

    assert set(counted) == {"Xen", "Linux", "libxl", "QEMU", "libvirt", "DPDK"}
    assert min(counted.values()) >= 50


def test_what_is_not_recognised_has_a_reason() -> None:
    assert [fact.text for fact in FACTS if not fact.message and not reason(fact.text)] == []


def test_what_is_written_is_read_again() -> None:
    lines = written(FACTS).splitlines()

    assert len(lines) == len(FACTS) + 1
    assert lines[1].split("\t")[-1] == FACTS[0].text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('void f(void)\n{\n\tprintk("a %d" " b\\n", 1);\n}\n', "a %d b"),
        (
            'void f(void)\n{\n\tprintk(XENLOG_ERR VTDPREFIX " a %"PRIx64"\\n", 1);\n}\n',
            "[VT-D] a %lx",
        ),
        ('#define pr_fmt(fmt) "DMAR: " fmt\nint f(int x)\n{\n pr_warn("a b");\n}\n', "DMAR: a b"),
        ('int f(int x)\n{\n /* pr_warn("no") */ pr_warn("a // b");\n}\n', "a // b"),
        ('int f(int x)\n{\n dev_err(d, "a b\\n");\n}\n', "%s %s: a b"),
    ],
)
def test_format_strings_are_put_together_as_a_compiler_does(source: str, text: str) -> None:
    (found,) = printed("x.c", source)

    assert (found.function, found.text) == ("f", text)


def test_what_only_debugging_shows_is_not_counted() -> None:
    source = 'int f(int x)\n{\n LOG(DEBUG, "a b");\n pr_debug("c d");\n LOG(ERROR, "e f");\n}\n'

    assert [one.text for one in printed("x.c", source)] == ["e f"]
