"""``dmaragent explain`` as its user meets it."""

from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.host.topology import PciTopology
from dmaragent.inventory import take_inventory
from dmaragent.policy.host_facts import facts_of
from dmaragent.present.json.explain import explain_document
from dmaragent.present.text.explain import explain_details_text
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.cli import check_document, run
from support.machines import MACHINES, NAMES, materialize
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
HP = MACHINES / "hp-dl380e-gen8"


@pytest.mark.parametrize("machine", NAMES)
def test_every_device_of_every_machine_has_a_story(machine: str) -> None:
    asked = ask_host(str(MACHINES / machine), Question())
    for sbdf in asked.host.topology.known:
        told = explain(asked.inventory, asked.facts, asked.stack, sbdf)
        narrowed = asked.inventory.of_device(sbdf)

        lines = list(explain_details_text(narrowed, told, asked.stack))

        check_document(explain_document(narrowed, told, asked.stack, "recorded", machine))
        assert all(len(line) <= 80 and line.isprintable() for line in lines)
        assert lines[0].startswith(str(sbdf))


def test_what_a_slot_and_a_driver_are_called_reaches_no_terminal(capsys: Capture) -> None:
    evil = "\x1b]0;x\x07"
    asked = ask_host(str(HP), Question())
    known = dict(asked.host.topology.known)
    sbdf = SBDF.parse("0a:00.0")
    known[sbdf] = known[sbdf]._replace(slot=f"2{evil}", driver=f"hpsa{evil}")
    host = asked.host._replace(topology=PciTopology(known))
    inventory = take_inventory(host)
    told = explain(inventory, facts_of(inventory), asked.stack, sbdf)

    lines = list(explain_details_text(inventory.of_device(sbdf), told, asked.stack))

    assert all(line.isprintable() for line in lines)
    assert any("hpsa\\x1b]0;x\\x07" in line for line in lines)


def test_the_verdicts_come_first_and_then_what_helps(capsys: Capture) -> None:
    lines = run(capsys, "explain", "0a:00.0", "--host", HP).out.splitlines()

    def first(text: str) -> int:
        return next(number for number, line in enumerate(lines) if text in line)

    assert {"0000:0a:00.0", "(103c:323b),"} <= set(lines[0].split())
    assert first("  Xen ") < first("  Linux ") < first("Regions ") < first("Fixes")
    assert first("conrep") < first("--details")


def test_where_linux_decides_its_verdict_comes_first(capsys: Capture) -> None:
    lines = run(capsys, "explain", "00:14.0", "--host", MACHINES / "lenovo-laptop").out.splitlines()

    sides = [line.split()[0] for line in lines if line.startswith(("  Linux ", "  Xen "))]
    assert sides[0] == "Linux"


@pytest.mark.parametrize(
    ("device", "host", "code"),
    [
        ("0000:0a:00.0", "hp-dl380e-gen8", 1),
        ("0000:00:02.0", "lenovo-laptop", 0),
        ("0000:00:19.0", "synthetic-pvh-dom0", 2),
    ],
)
def test_the_exit_code_is_that_of_whoever_decides(
    device: str, host: str, code: int, capsys: Capture
) -> None:
    assert run(capsys, "explain", device, "--host", MACHINES / host).code == code


@pytest.mark.parametrize(
    "device",
    [
        "1d.0",
        "00:05.0",
    ],
)
def test_what_is_no_device_here_is_an_error(device: str, capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "explain", device, "--host", HP)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err)


def test_a_bare_table_says_what_it_cannot_know(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR.bin"
    named = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x19, 0)))
    path.write_bytes(table(drhd(0xFED90000, flags=1), named))

    ran = run(capsys, "explain", "00:19.0", "--host", path)

    answer = run(capsys, "explain", "00:19.0", "--host", path, "--json").document["answer"]
    assert answer["linux"]["can"] == "unknown"
    worded(answer["linux"]["explanation"])
    assert ran.code == 2


def test_the_story_is_the_same_of_a_recording_and_of_a_copied_root(
    tmp_path: Path, capsys: Capture
) -> None:
    materialize("lenovo-laptop", tmp_path)

    one = run(capsys, "explain", "00:14.0", "--host", MACHINES / "lenovo-laptop", "--json")
    other = run(capsys, "explain", "00:14.0", "--host", tmp_path, "--json")

    left, right = one.document["answer"], other.document["answer"]
    for answer in (left, right):  # a directory has no calls: udev's names are not there
        del answer["problems"], answer["function"], answer["regions"]
    assert left == right


def test_another_release_is_asked_by_its_number(capsys: Capture) -> None:
    answer = run(capsys, "explain", "00:1d.0", "--host", HP, "--xen", "4.14", "--json").document[
        "answer"
    ]

    assert answer["stack"]["hypervisor"] == "4.14"
