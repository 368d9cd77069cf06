"""The filters of ``dmaragent devices``, for what is known in part too, and its exit code."""

from dataclasses import replace
from typing import Any

import pytest

from dmaragent.answers.devices import DeviceRow, Verdict
from dmaragent.commands.devices import (
    _both,
    _class_code,
    _exit_code,
    _has_numbers,
    _is_of_class,
    _numbers,
)
from dmaragent.passthrough.model import Can
from dmaragent.present.words.devices import (
    DeviceList,
)
from support.cli import run
from support.device_rows import device_row
from support.machines import MACHINES


def test_filters_are_counted_before_the_chipset(capsys: pytest.CaptureFixture[str]) -> None:
    def listed(*options: str) -> list[str]:
        host = MACHINES / "hp-dl380e-gen8"
        ran = run(capsys, "devices", "--host", host, "--json", *options)
        return [row["device"][5:] for row in ran.document["answer"]["devices"]]

    assert listed("--class", "raid") == listed("--class", "0104") == ["0a:00.0"]
    assert listed("--class", "0x010400") == listed("--id", "103c:323b") == ["0a:00.0"]
    assert listed("--id", ":323B") == ["0a:00.0"]
    assert len(listed("--class", "network")) == len(listed("--id", "14e4:")) == 4
    assert len(listed("--class", "bridge")) == 9
    assert listed("--class", "usb", "--verdict", "allowed-with-risk") == listed("--class", "usb")
    assert listed("--verdict", "allowed") == []
    assert len(listed("--all")) > len(listed())


@pytest.mark.parametrize(
    ("machine", "options", "code"),
    [
        ("lenovo-laptop", [], 0),
        ("hp-dl380e-gen8", [], 1),
        ("hp-dl380e-gen8", ["--verdict", "allowed"], 1),
        ("xen-pv-dom0", ["--class", "vga"], 1),
        ("synthetic-sosreport-without-table", [], 2),
    ],
)
def test_the_exit_code_is_that_of_explain_if_the_devices_agree(
    machine: str, options: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "devices", "--host", MACHINES / machine, *options).code == code


def _row(*, absent: bool = False, **facts: Any) -> DeviceRow:
    """Return the row of an xHCI controller, 8086:9ded, with other `facts`; None: no function."""
    row = device_row("0000:00:14.0")
    known = {"class_code": 0x0C0330, "vendor_id": 0x8086, "device_id": 0x9DED}
    function = None if "function" in facts else row.function._replace(**{**known, **facts})  # type: ignore[union-attr]
    return replace(row, function=function, absent=absent)


@pytest.mark.parametrize(
    ("name", "facts", "fits"),
    [
        ("0c03", {}, True),
        ("0c0320", {}, False),
        ("0c", {}, True),
        ("0c03", {"interface_known": False}, True),
        ("0c0330", {"interface_known": False}, None),
        ("0c0530", {"interface_known": False}, False),
        ("0c05", {"interface_known": False}, False),
        ("usb", {"interface_known": False}, True),
        ("usb", {"class_code": None}, None),
        ("0c03", {"class_code": None}, None),
        ("usb", {"function": None}, None),
        ("usb", {"function": None, "absent": True}, False),
        (None, {"function": None, "absent": True}, True),
    ],
)
def test_a_class_that_is_known_in_part_may_be_the_one(
    name: str | None,
    facts: dict[str, Any],
    fits: bool | None,  # noqa: FBT001 - a case
) -> None:
    assert _is_of_class(_row(**facts), name, _class_code(name)) is fits


@pytest.mark.parametrize(
    ("text", "facts", "fits"),
    [
        ("8086:9ded", {}, True),
        ("8086:", {}, True),
        (":9ded", {}, True),
        ("8086:9dee", {}, False),
        ("8086:9ded", {"device_id": None}, None),
        ("8087:9ded", {"device_id": None}, False),
        ("8086:", {"device_id": None}, True),
        (":9ded", {"vendor_id": None, "device_id": None}, None),
        ("8086:9ded", {"function": None}, None),
        ("8086:9ded", {"function": None, "absent": True}, False),
        (None, {"function": None, "absent": True}, True),
    ],
)
def test_an_id_that_is_known_in_part_may_be_the_one(
    text: str | None,
    facts: dict[str, Any],
    fits: bool | None,  # noqa: FBT001 - a case
) -> None:
    assert _has_numbers(_row(**facts), _numbers(text)) is fits


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [(None, False, False), (False, None, False), (None, True, None), (True, True, True)],
)
def test_a_device_that_one_filter_rejects_is_not_listed(
    first: bool | None,  # noqa: FBT001 - a case
    second: bool | None,  # noqa: FBT001 - likewise
    both: bool | None,  # noqa: FBT001 - likewise
) -> None:
    assert _both(first, second) is both


@pytest.mark.parametrize(
    ("verdicts", "known", "may_match", "code"),
    [
        ([Can.YES, Can.YES], 2, 0, 0),
        ([Can.NO], 1, 0, 1),
        ([Can.UNKNOWN], 1, 0, 2),
        ([Can.YES, Can.UNKNOWN], 2, 0, 1),
        ([], 3, 0, 1),  # none of the devices
        ([], 3, 2, 2),  # it may be one of them
        ([], 0, 0, 2),  # the functions are unknown
    ],
)
def test_the_exit_code_of_a_list_without_a_device_depends_on_what_is_known(
    verdicts: list[Can], known: int, may_match: int, code: int
) -> None:
    rows = tuple(replace(_row(), decides=("linux",), linux=Verdict(can)) for can in verdicts)
    devices = DeviceList(rows=rows, known=known, chipset=0, absent=0, may_match=may_match)

    assert _exit_code(devices) == code
