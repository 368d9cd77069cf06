"""Verdicts put together where something is not known, and what must not slip into them."""

from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.answers.explain import explain
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.policy.decisions import SourceRule
from dmaragent.present.json.explain import explain_document
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.cli import check_document, run
from support.explained import (
    HIGH,
    MATE,
    NIC,
    NIC_SCOPE,
    UNIT,
    USB,
    USB_SCOPE,
    bare,
    cases,
    grouped,
    told,
)
from support.hosts import fake_host
from support.machines import MACHINES
from support.tables import rmrr, scope, table
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
OF_USB = rmrr(0xAD800000, 0xAD80FFFF, USB_SCOPE)
THROUGH_A_BRIDGE = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x1C, 0), (0, 0)))
OF_A_BRIDGE = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (0x1C, 0)))
DAMAGE = b"\x01\x00\xff\x00"  # a region that says it is longer than the table
PVH = MACHINES / "synthetic-pvh-dom0"


# What is not known ----------------------------------------------------------------------


@pytest.mark.parametrize("driver", [None, "xhci_hcd"], ids=["free mate", "busy mate"])
def test_of_a_damaged_table_no_device_is_let_go_for_certain(
    driver: str | None, worded: Worded
) -> None:
    functions = [NIC, USB, replace(MATE, driver=driver)]
    host = fake_host(functions, {"DMAR": table(UNIT, OF_USB, DAMAGE)})

    found = told(grouped(host, g4=["0000:00:19.0", "0000:00:1a.0"]))

    assert found.linux.can is Can.UNKNOWN
    worded(found.linux.explanation)
    assert found.xen.can is Can.UNKNOWN
    worded(found.xen.explanation)
    assert found.remedies == ()


def test_what_is_held_already_stays_refused_where_the_table_is_damaged() -> None:
    host = fake_host([NIC, USB], {"DMAR": table(UNIT, HIGH, DAMAGE)})

    assert told(host).linux.can is Can.NO


@pytest.mark.parametrize(
    ("structures", "device", "xen", "linux"),
    [
        ((OF_USB,), "02:00.0", Can.YES, Can.UNKNOWN),
        ((OF_USB, DAMAGE), "02:00.0", Can.UNKNOWN, Can.UNKNOWN),
        ((THROUGH_A_BRIDGE,), "02:00.0", Can.UNKNOWN, Can.UNKNOWN),
        ((THROUGH_A_BRIDGE,), "00:14.0", Can.YES, Can.UNKNOWN),
        ((OF_A_BRIDGE,), "02:00.0", Can.YES, Can.UNKNOWN),
        ((OF_USB, DAMAGE), "00:1d.0", Can.UNKNOWN, Can.UNKNOWN),
        ((OF_USB,), "00:1d.0", Can.YES, Can.UNKNOWN),
    ],
    ids=[
        "sound",
        "damaged",
        "a path may lead to it",
        "on the path's own bus",
        "a bridge is named",
        "named in a damaged table",
        "named",
    ],
)
def test_a_table_alone_says_yes_only_where_nothing_could_be_missing(
    structures: tuple[bytes, ...], device: str, xen: Can, linux: Can
) -> None:
    found = told(bare(*structures), device)

    assert (found.xen.can, found.linux.can) == (xen, linux)


def test_the_pasted_text_of_a_table_alone_is_unknown_by_exit_code(
    tmp_path: Path, capsys: Capture
) -> None:
    data = table(UNIT, OF_USB)
    lines = (data[at : at + 16] for at in range(0, len(data), 16))
    dump = "".join(f"{16 * n:08x}: {line.hex(' ', 2)}\n" for n, line in enumerate(lines))
    (tmp_path / "dmar.txt").write_text(dump)

    ran = run(capsys, "explain", "02:00.0", "--host", tmp_path / "dmar.txt")

    assert ran.code == 2


def test_a_path_that_cannot_be_followed_leaves_every_policy_open(worded: Worded) -> None:
    found = told(bare(THROUGH_A_BRIDGE), "02:00.0")

    assert cases(found.xen) == dict.fromkeys(("strict", "relaxed", "hotplug"), Can.UNKNOWN)
    worded(found.xen.explanation)


def test_without_a_table_no_device_is_said_to_lack_its_unit() -> None:
    asked = ask_host(str(PVH), Question())  # Xen answers, the table is kept from dom0

    found = explain(asked.inventory, asked.facts, asked.stack, SBDF.parse("00:1d.0"))

    assert asked.inventory.units == ()
    assert "no unit" not in cases(found.xen)
    assert found.xen.can is Can.UNKNOWN


# Words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("structures", "can", "noted"),
    [((HIGH,), Can.YES, True), ((HIGH, OF_USB), Can.NO, False)],
    ids=["yes", "no, regions overlap"],
)
def test_what_limits_xens_list_is_not_noted_beside_a_no(
    structures: tuple[bytes, ...],
    can: Can,
    noted: bool,  # noqa: FBT001 - a case of a test
) -> None:
    found = told(bare(*structures))

    assert found.xen.can is can
    assert any(note.startswith("Xen's list: ") for note in found.notes) is noted


@pytest.mark.parametrize(
    ("pages", "more"), [((0xE0,), ""), ((0xE0, 0xE4), " (and 1 more like this)")]
)
def test_reasons_of_one_rule_are_told_once_and_counted(
    pages: tuple[int, ...], more: str, worded: Worded
) -> None:
    regions = [rmrr(page << 12, (page << 12) + 0xFFF, NIC_SCOPE) for page in pages]

    found = told(fake_host([NIC], {"DMAR": table(UNIT, *regions)}))

    strict = next(one for one in found.xen.cases if one.title == "strict")
    worded(strict.explanation, "0000:00:19.0", "strict", more)
    assert sum(f"0x{page:x}000-" in strict.explanation for page in pages) == 1


# The command ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("structures", "device", "code"),
    [
        ((OF_USB,), "00:1d.0", 2),  # Xen yes, Linux unknown: the class decides
        ((THROUGH_A_BRIDGE, OF_USB), "00:1d.0", 1),  # Xen no
        ((OF_USB, DAMAGE), "00:1d.0", 2),  # both unknown
        ((THROUGH_A_BRIDGE,), "00:1c.0", 2),  # Xen yes, Linux unknown
    ],
)
def test_what_is_not_known_is_2_unless_somebody_says_no(
    structures: tuple[bytes, ...], device: str, code: int, tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "DMAR.bin"
    path.write_bytes(table(UNIT, *structures))

    ran = run(capsys, "explain", device, "--host", path)

    assert (ran.code, ran.err) == (code, "")


def test_a_device_of_which_it_cannot_be_said_is_2_and_answered(capsys: Capture) -> None:
    ran = run(capsys, "explain", "00:19.0", "--host", PVH)

    assert (ran.code, ran.err) == (2, "")
    document = run(capsys, "explain", "00:19.0", "--host", PVH, "--json").document
    assert document["answer"]["xen"]["can"] == "unknown"


@pytest.mark.parametrize("can", Can)
@pytest.mark.parametrize("decides", [("xen",), ("linux",), ("xen", "linux")])
def test_the_document_says_what_was_decided_and_nothing_else(
    can: Can, decides: tuple[str, ...]
) -> None:
    asked = ask_host(str(MACHINES / "hp-dl380e-gen8"), Question())
    sbdf = SBDF.parse("0a:00.0")
    case = Case(
        title="t", can=can, explanation="s", rule=SourceRule("r", "E"), releases="l", message="m"
    )
    other = Case(title="u", can=can, explanation="v")
    given = replace(
        explain(asked.inventory, asked.facts, asked.stack, sbdf),
        xen=PlatformVerdict(can=can, explanation="of Xen", cases=(case, other)),
        linux=PlatformVerdict(can=can, explanation="of Linux"),
        decides=decides,
        remedies=(),
        toolstacks=(),
        notes=("n",),
    )

    document = explain_document(asked.inventory.of_device(sbdf), given, asked.stack, "live", "")

    check_document(document)
    answer = document["answer"]
    whole = {"title": "t", "can": can.value, "explanation": "s", "rule": "r", "error": "E"}
    whole |= {"releases": "l", "message": "m"}
    plain = {"title": "u", "can": can.value, "explanation": "v", "rule": "", "error": ""}
    plain |= {"releases": "", "message": ""}
    assert answer["decides"] == list(decides)
    assert answer["xen"] == {"can": can.value, "explanation": "of Xen", "cases": [whole, plain]}
    assert answer["linux"] == {"can": can.value, "explanation": "of Linux", "cases": []}
    assert (answer["steps"], answer["toolstacks"], answer["notes"]) == ([], [], ["n"])
