"""Functions that may be virtual functions of a device, because no reading shows it."""

from dataclasses import replace

import pytest

from dmaragent.passthrough.model import Can
from dmaragent.readings import LINK_NOT_IN_COPY, Missing, MissingKind
from support.explained import HIGH, NIC, USB, cases, grouped, made, told
from support.hosts import FakeHost, Function

PATH = "/sys/devices/pci0000:00/"
PF = replace(NIC, sbdf="0000:00:18.0", total_vfs=7, driver="ixgbe")
VF = Function(sbdf="0000:00:18.1", physical_function=PF.sbdf)
DENIED = Missing(MissingKind.DENIED, "Permission denied")
NOT_COLLECTED = Missing(MissingKind.NOT_COLLECTED)


def _host(
    physical: Function = PF, virtual: Function = VF, link: Missing | str = DENIED, vendor: int = -1
) -> FakeHost:
    """Make a host of both; the configuration space of `virtual` has `vendor`, -1: it was not read."""
    host = made(HIGH, functions=[physical, virtual, USB], kernel="6.12.0")
    host.links[f"{PATH}{virtual.sbdf}/physfn"] = link
    config = vendor.to_bytes(2, "little") + virtual.config[2:] if vendor >= 0 else DENIED
    host.files[f"{PATH}{virtual.sbdf}/config"] = config
    return grouped(host, g1=[physical.sbdf], g2=[virtual.sbdf], g3=[USB.sbdf])


@pytest.mark.parametrize("link", [DENIED, NOT_COLLECTED, "../no-address", ""])
def test_a_device_is_free_on_conditions_if_others_may_be_its_virtual_functions(
    link: Missing | str,
) -> None:
    found = told(_host(link=link), "00:18.0").linux

    (case,) = (case for case in found.cases if case.title == "virtual functions may exist")
    assert found.can is Can.CONDITIONS
    assert VF.sbdf in case.explanation


def test_the_number_that_it_supports_may_be_unread_too() -> None:
    host = _host(replace(PF, total_vfs=None))
    host.files[f"{PATH}{PF.sbdf}/sriov_totalvfs"] = DENIED

    assert told(host, "00:18.0").linux.can is Can.CONDITIONS


def test_known_virtual_functions_are_named_alone() -> None:
    other = Function(sbdf="0000:00:18.2", physical_function=PF.sbdf)
    host = made(HIGH, functions=[PF, VF, other, USB], kernel="6.12.0")
    host.links[f"{PATH}{VF.sbdf}/physfn"] = DENIED
    host.files[f"{PATH}{VF.sbdf}/config"] = DENIED
    host = grouped(host, g1=[PF.sbdf], g2=[VF.sbdf], g3=[other.sbdf], g4=[USB.sbdf])

    found = told(host, "00:18.0").linux.cases

    (case,) = (case for case in found if case.title == "virtual functions exist")
    assert other.sbdf in case.explanation
    assert VF.sbdf not in case.explanation


@pytest.mark.parametrize(
    "host",
    [
        _host(link=Missing(MissingKind.ABSENT)),
        _host(vendor=0x8086),
        _host(replace(PF, total_vfs=None)),
        _host(virtual=replace(VF, sbdf="0000:00:17.7")),
        _host(virtual=replace(VF, ids=(0x15B3, 0x1018))),
        _host(virtual=replace(VF, total_vfs=2)),
        _host(virtual=replace(VF, class_code=0x060400, secondary_bus=9)),
    ],
    ids=[
        "no link",
        "an ID of its own",
        "SR-IOV unsupported",
        "before it",
        "another vendor",
        "SR-IOV of its own",
        "a bridge",
    ],
)
def test_a_function_that_is_none_of_its_own_sets_no_condition(host: FakeHost) -> None:
    assert told(host, "00:18.0").linux.can is Can.YES


def test_a_virtual_function_has_no_vendor_in_its_configuration_space() -> None:
    assert told(_host(vendor=0xFFFF), "00:18.0").linux.can is Can.CONDITIONS


@pytest.mark.parametrize(("driver", "can"), [("../e1000e", Can.YES), (None, Can.CONDITIONS)])
def test_a_copy_with_other_links_would_have_this_one(driver: str | None, can: Can) -> None:
    host = _host(link=LINK_NOT_IN_COPY)
    for sbdf in (PF.sbdf, VF.sbdf, USB.sbdf):
        host.links[f"{PATH}{sbdf}/driver"] = driver or LINK_NOT_IN_COPY

    found = told(host, "00:18.0").linux

    assert ("virtual functions may exist" in cases(found)) is (can is Can.CONDITIONS)
