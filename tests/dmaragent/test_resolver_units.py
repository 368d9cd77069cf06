"""A device without a remapping unit, and a bridge: the same answer from every verb about guests."""

from dataclasses import replace

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts, facts_of
from dmaragent.question.context import Question, context_of
from dmaragent.question.host_class import xen_class
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.own_devices import own_devices
from support.explained import bare, told
from support.guests import answer, facts, guest
from support.hosts import FakeHost, Function, fake_host
from support.tables import drhd, rmrr, scope, table

_VGA = Function(sbdf="0000:00:02.0", class_code=0x030000)
_NIC = Function(sbdf="0000:00:19.0", class_code=0x020000)
_PORT = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=1, subordinate_bus=1)
_BEHIND = Function(sbdf="0000:01:00.0", class_code=0x020000)
_OTHER = Function(sbdf="0001:00:03.0", class_code=0x020000)
_VGA_SCOPE, _PORT_SCOPE = scope(1, 0, (2, 0)), scope(2, 0, (0x1C, 0))
_RELEASE = Release.parse("4.17")
"""Later releases also need the memory map."""


def _host(
    *units: bytes, functions: tuple[Function, ...] = (_VGA, _NIC, _PORT, _BEHIND)
) -> FakeHost:
    return fake_host(list(functions), {"DMAR": table(*units)})


def _facts(host: FakeHost) -> HostFacts:
    return facts_of(take_inventory(join(collect(host)), _RELEASE), _RELEASE)


def _verdict(host: FakeHost, device: str) -> Verdict:
    return answer(guest(device), _facts(host), "4.17").verdict


@pytest.mark.parametrize(
    ("units", "device", "verdict", "can"),
    [
        # only the units that name devices
        ((drhd(0xFED90000, _VGA_SCOPE),), "00:19.0", Verdict.REFUSED, Can.NO),
        ((drhd(0xFED90000, _VGA_SCOPE),), "00:02.0", Verdict.STARTS, Can.YES),
        ((drhd(0xFED90000, _PORT_SCOPE),), "01:00.0", Verdict.STARTS, Can.YES),
        ((drhd(0xFED90000, _PORT_SCOPE),), "00:19.0", Verdict.REFUSED, Can.NO),
        # a unit for the rest of its segment
        ((drhd(0xFED90000, flags=1),), "00:19.0", Verdict.STARTS, Can.YES),
    ],
)
def test_a_device_that_no_unit_covers_is_refused(
    units: tuple[bytes, ...], device: str, verdict: Verdict, can: Can
) -> None:
    host = _host(*units)

    assert _verdict(host, device) is verdict
    assert told(host, device).xen.can is can


def test_a_unit_for_the_rest_is_of_its_segment_alone() -> None:
    host = _host(drhd(0xFED90000, flags=1), functions=(_NIC, _OTHER))

    assert _verdict(host, "00:19.0") is Verdict.STARTS
    assert _verdict(host, "0001:00:03.0") is Verdict.REFUSED


def test_a_unit_may_serve_what_is_behind_a_bridge_without_numbers() -> None:
    host = _host(drhd(0xFED90000, _PORT_SCOPE))
    del host.files["/sys/devices/pci0000:00/0000:00:1c.0/config"]
    host.files.pop("/sys/devices/pci0000:00/0000:00:1c.0/secondary_bus_number", None)

    assert _verdict(host, "01:00.0") is Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("units", "device", "verdict"),
    [
        ((drhd(0xFED90000, _VGA_SCOPE),), "00:02.0", Verdict.STARTS),
        ((drhd(0xFED90000, _VGA_SCOPE),), "00:19.0", Verdict.UNDECIDED),
        ((drhd(0xFED90000, _VGA_SCOPE),), "0001:00:02.0", Verdict.UNDECIDED),
        ((drhd(0xFED90000, flags=1),), "00:19.0", Verdict.STARTS),
        ((drhd(0xFED90000, flags=1),), "0001:00:03.0", Verdict.UNDECIDED),
    ],
)
def test_of_a_table_alone_only_what_a_unit_names_is_known(
    units: tuple[bytes, ...], device: str, verdict: Verdict
) -> None:
    host = bare()
    host.files["/sys/firmware/acpi/tables/DMAR"] = table(*units)
    known = _facts(host)
    can = told(host, device).xen.can

    assert known.functions is None
    assert (can is Can.UNKNOWN) is (verdict is Verdict.UNDECIDED)
    assert answer(guest(device), known, "4.17").verdict is verdict


def test_hosts_with_other_units_are_of_other_classes() -> None:
    classes = {
        xen_class(context_of(join(collect(_host(unit))), Question()))
        for unit in (drhd(0xFED90000, flags=1), drhd(0xFED90000, _VGA_SCOPE))
    }

    assert len(classes) == 2


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (0x060100, Verdict.UNDECIDED),
        (0x060400, Verdict.UNDECIDED),
        (0x068000, Verdict.STARTS),
        (0x060A00, Verdict.UNDECIDED),
        (0x060000, Verdict.REFUSED),
        (0x070000, Verdict.STARTS),
    ],
)
def test_no_bridge_is_judged_but_a_host_bridge(code: int, verdict: Verdict) -> None:
    device = Function(sbdf="0000:00:1f.0", class_code=code)
    host = _host(drhd(0xFED90000, flags=1), functions=(_NIC, device))
    found = answer(guest("00:1f.0"), _facts(host), "4.17")

    assert found.verdict is verdict
    if verdict is Verdict.UNDECIDED:
        assert found.prerequisites == ()
        assert told(host, "00:1f.0").xen.can is Can.UNKNOWN


def test_a_refusal_of_a_bridge_remains() -> None:
    region = rmrr(0x80000000, 0x80000FFF, scope(1, 0, (0x1F, 0)), scope(1, 0, (0x19, 0)))
    device = Function(sbdf="0000:00:1f.0", class_code=0x060100)
    host = _host(drhd(0xFED90000, flags=1), region, functions=(_NIC, device))

    assert _verdict(host, "00:1f.0,rdm_policy=strict") is Verdict.REFUSED


@pytest.mark.parametrize("policy", ["", ",policy=strict", ",policy=relaxed"])
def test_each_case_is_unknown_if_regions_may_be_missing(policy: str) -> None:
    host = facts({}, incomplete="the table was not read", functions=None)

    found = answer(guest("00:14.0", rdm=f"strategy=host{policy}"), host)

    assert found.verdict is Verdict.UNDECIDED
    assert Verdict.STARTS not in {case.verdict for case in found.outcomes}
    unknown = [case for case in found.outcomes if case.verdict is Verdict.UNDECIDED]
    assert all("not read" in case.decisions[0].reason for case in unknown)
    assert any("not read" in reason.reason for reason in found.reasons)


def test_a_refusal_that_no_region_changes_is_certain() -> None:
    host = facts({}, incomplete="the table was not read", functions={})

    found = answer(guest("00:14.0", rdm="strategy=host"), host)

    assert found.verdict is Verdict.REFUSED
    assert {case.verdict for case in found.outcomes} == {Verdict.REFUSED}


@pytest.mark.parametrize(
    ("unread", "verdict", "can"),
    [(True, Verdict.UNDECIDED, Can.UNKNOWN), (False, Verdict.REFUSED, Can.NO)],
)
def test_what_may_be_a_virtual_function_may_have_the_unit_of_its_device(
    unread: bool,  # noqa: FBT001 - a parameter of the test
    verdict: Verdict,
    can: Can,
) -> None:
    host = _host(drhd(0xFED90000, _VGA_SCOPE))
    if unread:
        path = f"/sys/devices/pci0000:00/{_NIC.sbdf}"
        host.links[f"{path}/physfn"] = host.files[f"{path}/config"] = Missing(MissingKind.DENIED)

    assert _verdict(host, "00:19.0") is verdict
    assert told(host, "00:19.0").xen.can is can


@pytest.mark.parametrize(
    ("option", "verdict"),
    [
        ("dbgp=ehci@pci00:19.0", Verdict.REFUSED),
        ("com1=115200,8n1,pci", Verdict.UNDECIDED),
        ("com1=115200,8n1", Verdict.STARTS),
    ],
)
def test_a_device_that_xen_uses_itself_goes_to_no_guest(option: str, verdict: Verdict) -> None:
    serial = replace(_NIC, class_code=0x070002)
    known = _facts(_host(drhd(0xFED90000, flags=1), functions=(_VGA, serial)))
    known = replace(known, own_devices=own_devices(option))

    assert answer(guest("00:19.0"), known, "4.17").verdict is verdict
