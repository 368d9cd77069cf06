"""Files of sysfs that were cut short: a part of a number or a word is not another one."""

from pathlib import Path

import pytest

from dmaragent.releases import Release
from support.losses import Loss, recorded_answers, with_losses
from support.machines import MACHINES

DOM0, HP = MACHINES / "xen-pv-dom0", MACHINES / "hp-dl380e-gen8"


def cut(path_end: str, content: bytes) -> Loss:
    """Return the loss of all but `content` of dom0's reading whose path ends so."""
    answers = recorded_answers(DOM0)
    (request,) = (one for one in answers if one.path.endswith(path_end))
    assert isinstance(value := answers[request], bytes)
    assert value.startswith(content)
    assert value != content
    return Loss(request, "cut", content)


def test_a_class_that_is_cut_short_is_taken_from_configuration_space() -> None:
    loss = cut("/0000:00:02.0/class", b"0x03")
    answers = recorded_answers(DOM0)
    host, whole = with_losses(answers, loss), with_losses(answers)
    classes = [
        {str(sbdf): function.class_code for sbdf, function in one.topology.known.items()}
        for one in (host, whole)
    ]
    assert classes[0] == classes[1]
    assert any("0000:00:02.0" in problem and "class" in problem for problem in host.problems)


def test_a_bus_number_that_is_cut_short_is_taken_from_configuration_space() -> None:
    loss = cut("/0000:80:00.0/secondary_bus_number", b"12")
    host = with_losses(recorded_answers(DOM0), loss)
    buses = {
        str(sbdf): function.secondary_bus
        for sbdf, function in host.topology.known.items()
        if function.is_bridge
    }
    assert buses["0000:80:00.0"] == 129


@pytest.mark.parametrize("content", [b"", b"xe"])
def test_a_kind_of_hypervisor_that_is_cut_short_leaves_a_xen_host_one(content: bytes) -> None:
    host = with_losses(recorded_answers(DOM0), cut("/sys/hypervisor/type", content))
    assert host.xen is not None
    assert host.xen.dom0
    assert len(host.xen.reserved_memory) == 7  # type: ignore[arg-type]
    assert any("hypervisor" in problem for problem in host.problems)


def test_a_release_of_xen_that_is_cut_short_is_taken_from_xl_info() -> None:
    loss = cut("/sys/hypervisor/version/minor", b"1")
    host = with_losses(recorded_answers(DOM0), loss)
    assert host.xen is not None
    assert host.xen.release == Release(4, 17, 7)


@pytest.mark.parametrize("machine", [DOM0, HP])
def test_a_whole_machine_has_nothing_that_is_cut_short(machine: Path) -> None:
    host = with_losses(recorded_answers(machine))
    assert not any("cut short" in problem for problem in host.problems)
