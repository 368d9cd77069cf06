"""Xen's lists and `xl info`, contradictory or cut short: what rests on them becomes unknown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.altered import dom0_with_hap
from support.losses import Losing, Loss, recorded_answers, turned, with_losses
from support.machines import MACHINES
from support.wording import Worded

DOM0: Path = MACHINES / "xen-pv-dom0"
OWNER = "0000:01:00.0"
"""On both machines, it has regions by the table, by Xen's list, and by Xen's list for it."""
AMD: Path = MACHINES / "xen-amd-trixie"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def losing() -> Losing:
    return Losing(DOM0)


@pytest.fixture(scope="module")
def losing_with_hap(tmp_path_factory: pytest.TempPathFactory) -> Losing:
    return Losing(dom0_with_hap(tmp_path_factory.mktemp("hap") / "dom0"))


@pytest.fixture(scope="module")
def losing_amd() -> Losing:
    return Losing(AMD)


def changed(path: str, change: Callable[[bytes], bytes], machine: Path = DOM0) -> Loss:
    answers = recorded_answers(machine)
    (request,) = (one for one in answers if one.path == path)
    value = answers[request]
    assert isinstance(value, bytes)
    return Loss(request, "changed", change(value))


def relisted(change: Change, machine: Path = DOM0) -> Loss:
    """Return a loss that changes what Xen lists for each device."""

    def written(value: bytes) -> bytes:
        document = json.loads(value)
        change(document["devices"])
        return json.dumps(document).encode()

    return changed("xen-rdm-devices", written, machine)


def unknown(losing: Losing, *losses: Loss) -> dict[str, str]:
    after = losing.verdicts(*losses)
    assert after is not None
    assert turned(losing.before, after) == {}
    return after


of_owner = pytest.mark.parametrize(
    "change",
    [
        lambda devices: devices.pop(OWNER),
        lambda devices: devices.update({OWNER: []}),
        lambda devices: devices.update({OWNER: [[0x100, 4]]}),
        lambda devices: devices[OWNER].append([0x100, 4]),
        lambda devices: devices.clear(),
    ],
    ids=["not-asked", "nothing", "another", "one-more", "none-asked"],
)


@of_owner
def test_a_list_for_a_device_that_contradicts_the_others(change: Change, losing: Losing) -> None:
    assert unknown(losing, relisted(change))[f"explain {OWNER}, Xen"] == "unknown"


@of_owner
def test_a_list_for_a_device_that_contradicts_the_others_on_amd(
    change: Change, losing_amd: Losing
) -> None:
    after = unknown(losing_amd, relisted(change, AMD))

    assert losing_amd.before[f"explain {OWNER}, Xen"] == "yes"
    assert after[f"explain {OWNER}, Xen"] == "unknown"


@pytest.mark.parametrize("name", [OWNER, OWNER.removeprefix("0000:")], ids=["name", "spelling"])
def test_lists_that_have_a_device_twice_are_not_used(
    name: str, losing: Losing, worded: Worded
) -> None:
    second = f'], "{name}": []}},'.encode()
    loss = changed("xen-rdm-devices", lambda value: value.replace(b"]},", second, 1))
    assert isinstance(loss.answer, bytes)
    assert second in loss.answer
    unknown(losing, loss)
    problems = with_losses(recorded_answers(DOM0), loss).problems
    worded(problems)


def test_a_function_without_a_region_that_xen_was_not_asked_about(losing: Losing) -> None:
    after = unknown(losing, relisted(lambda devices: devices.pop("0000:02:00.0")))
    assert losing.before["explain 0000:02:00.0, Xen"] == "on-conditions"  # a PV guest
    assert after["explain 0000:02:00.0, Xen"] == "unknown"


@pytest.mark.parametrize("entries", [[], {}, ""], ids=["empty", "object", "text"])
def test_a_guest_with_strategy_host_rests_on_the_whole_list(
    entries: object, losing_with_hap: Losing
) -> None:
    empty = json.dumps({"entries": entries, "interface": "libxencall"}).encode()
    after = unknown(losing_with_hap, changed("xen-rdm", lambda _: empty))
    assert after["resolve host.cfg"] == "undecided"


def test_capabilities_cut_short_anywhere(losing: Losing) -> None:
    line = b"virt_caps              : pv hvm hvm_directio pv_directio gnttab-v1 gnttab-v2"
    for length in (*range(24, len(line), 6), len(line)):
        loss = changed("xl-info", lambda info, to=length: info[: info.index(line) + to])  # type: ignore[misc]
        unknown(losing, loss)
