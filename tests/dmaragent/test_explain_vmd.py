"""Functions behind Intel VMD: their DMA is the VMD endpoint's."""

import json
from dataclasses import replace
from typing import TypeVar

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.answers.devices import device_rows
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.iommu.model import Difference
from dmaragent.passthrough.model import Can
from dmaragent.passthrough.vfio_regions import vfio_regions
from dmaragent.present.text.tree import tree_text
from dmaragent.question.context import Question, context_of
from support.explained import UNIT, grouped, told
from support.hosts import FakeHost, Function, fake_host
from support.tables import rmrr, scope, table
from support.wording import Worded

_Value = TypeVar("_Value")
_VMD = Function(sbdf="0000:00:0e.0", class_code=0x010400, driver="vmd")
_PORT = Function(sbdf="10000:e0:06.0", class_code=0x060400, secondary_bus=0xE1, driver="pcieport")
_DISK = Function(sbdf="10000:e1:00.0", class_code=0x010802, driver="nvme")
_REAL = Function(sbdf="0000:e1:00.0", class_code=0x020000)
_OF_VMD = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x0E, 0)))
_BELOW = {
    "10000:e0:06.0": "/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0",
    "10000:e1:00.0": "/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
}


def _moved(answers: dict[str, _Value], old: str, new: str) -> dict[str, _Value]:
    below = f"{old}/"
    return {
        f"{new}/{path.removeprefix(below)}" if path.startswith(below) else path: value
        for path, value in answers.items()
    }


def _host(
    *functions: Function, paths: dict[str, str] | None = None, structures: tuple[bytes, ...] = ()
) -> FakeHost:
    """Make a host with these functions, in sysfs where `paths` has them."""
    host = fake_host(list(functions), {"DMAR": table(UNIT, *structures)})
    listing = json.loads(host.calls["udev-pci"])  # type: ignore[arg-type]
    for entry in listing:
        new = (_BELOW if paths is None else paths).get(entry["name"])
        if new is not None:
            host.files = _moved(host.files, entry["path"], new)
            host.links = _moved(host.links, entry["path"], new)
            entry["path"] = new
    host.calls["udev-pci"] = json.dumps(listing).encode()
    return host


def test_neither_side_gives_it_alone_and_both_name_the_endpoint(worded: Worded) -> None:
    explanation = told(_host(_VMD, _PORT, _DISK), "10000:e1:00.0")

    assert explanation.linux.can is explanation.xen.can is Can.NO
    assert "0000:00:0e.0" in explanation.linux.explanation
    assert "0000:00:0e.0" in explanation.xen.explanation
    worded(explanation.xen.explanation)
    assert "0000:00:0e.0" in explanation.remedies[0].title
    assert "Disable VMD" in explanation.remedies[1].title


def test_unit_and_group_are_the_endpoints(worded: Worded) -> None:
    host = grouped(_host(_VMD, _PORT, _DISK), g9=["0000:00:0e.0"])
    inventory = take_inventory(join(collect(host)))
    disk, endpoint = SBDF.parse("10000:e1:00.0"), SBDF.parse("0000:00:0e.0")

    assert inventory.linux.unit_of[disk] is inventory.linux.unit_of[endpoint]
    assert inventory.host.topology.known[disk].iommu_group == 9
    tree = "\n".join(tree_text(inventory))
    assert "No unit" not in tree
    worded(tree, "0000:00:0e.0")


def test_a_name_in_another_spelling_keeps_its_place_behind_the_endpoint() -> None:
    host = _host(_VMD, _PORT, _DISK)
    listing = host.calls["udev-pci"].replace(b'"10000:e1:00.0"', b'"10000:E1:00.0"')  # type: ignore[union-attr]
    host.calls["udev-pci"] = listing

    known = take_inventory(join(collect(host))).host.topology.known
    assert known[SBDF.parse("10000:e1:00.0")].vmd == SBDF.parse("0000:00:0e.0")


def test_regions_of_the_endpoint_concern_what_is_behind_it() -> None:
    host = _host(_VMD, _PORT, _DISK, structures=(_OF_VMD,))
    inventory = take_inventory(join(collect(host)))
    disk = SBDF.parse("10000:e1:00.0")

    assert len(inventory.of_device(disk).regions) == 1
    regions = vfio_regions(inventory, disk)
    assert regions is not None
    assert [region.type for region in regions] == ["direct"]


def test_the_list_of_devices_has_the_regions_and_the_group_of_the_endpoint() -> None:
    host = grouped(_host(_VMD, _PORT, _DISK, structures=(_OF_VMD,)), g9=["0000:00:0e.0"])
    host.files["/sys/kernel/iommu_groups/9/reserved_regions"] = (
        b"0x00000000a0000000 0x00000000afffffff direct\n"
    )
    context = context_of(join(collect(host)), Question())
    rows = device_rows(context.inventory, context.facts, context.stack)

    endpoint, _, disk = rows
    assert (str(endpoint.sbdf), str(disk.sbdf)) == ("0000:00:0e.0", "10000:e1:00.0")
    assert disk.regions == endpoint.regions == (1,)
    assert disk.reported == endpoint.reported == (AddressRange(0xA0000000, 0xB0000000),)
    assert disk.group == endpoint.group == 9


@pytest.mark.parametrize(("kernel", "registers"), [("6.12.9", True), ("6.15.0", False)])
def test_an_old_dom0_kernel_registers_it_as_another_device(kernel: str, *, registers: bool) -> None:
    host = _host(_VMD, _PORT, _DISK, _REAL)
    host.files["/proc/sys/kernel/osrelease"] = f"{kernel}\n".encode()

    case = told(host, "10000:e1:00.0").xen.cases[0]

    assert ("registers it as 0000:e1:00.0" in case.explanation) is registers
    real = told(grouped(host, g1=["0000:e1:00.0"]), "0000:e1:00.0")
    assert real.linux.can is Can.YES
    assert "VMD" not in real.linux.explanation + real.xen.explanation


def test_the_number_alone_makes_no_verdict() -> None:
    unknown = told(_host(_VMD, _PORT, _DISK, paths={}), "10000:e1:00.0")

    assert unknown.linux.can is Can.UNKNOWN
    assert unknown.remedies == ()


def test_another_driver_above_makes_it_unknown() -> None:
    other = replace(_VMD, driver="other")

    assert told(_host(other, _PORT, _DISK), "10000:e1:00.0").linux.can is Can.UNKNOWN


def test_an_endpoint_whose_driver_was_not_copied_is_told_by_what_is_below_it() -> None:
    bare = replace(_VMD, driver=None)

    explanation = told(_host(bare, _PORT, _DISK), "10000:e1:00.0")

    assert explanation.linux.can is Can.NO
    assert "0000:00:0e.0" in explanation.linux.explanation


def test_a_segment_of_hyper_v_is_an_ordinary_one() -> None:
    nic = Function(sbdf="a1b2:00:02.0", driver="mlx5_core")
    paths = {"a1b2:00:02.0": "/sys/devices/LNXSYSTM:00/VMBUS:01/47505500/pcia1b2:00/a1b2:00:02.0"}

    explanation = told(_host(nic, paths=paths), "a1b2:00:02.0")

    assert "VMD" not in explanation.linux.explanation + explanation.xen.explanation


def test_what_is_behind_the_endpoint_need_not_be_bound_with_it() -> None:
    devices = ["0000:00:0e.0", "10000:e0:06.0", "10000:e1:00.0"]
    host = grouped(_host(_VMD, _PORT, _DISK), g9=devices)

    explanation = told(host, "0000:00:0e.0")

    assert explanation.linux.can is Can.YES
    assert not any("10000:" in line for step in explanation.remedies for line in step.lines)
    assert any("10000:e1:00.0" in note for note in explanation.notes)


def test_what_differs_about_the_endpoint_concerns_what_is_behind_it() -> None:
    inventory = take_inventory(join(collect(_host(_VMD, _PORT, _DISK, _REAL))))
    of_endpoint = Difference(None, "x", frozenset({SBDF.parse("00:0e.0")}))
    inventory = inventory._replace(differences=(of_endpoint,))

    assert inventory.of_device(SBDF.parse("10000:e1:00.0")).differences == (of_endpoint,)
    assert inventory.of_device(SBDF.parse("e1:00.0")).differences == ()


@pytest.mark.parametrize("driver", ["vmd", None])
def test_an_endpoint_with_functions_behind_it_has_a_driver_that_may_be_unknown(
    driver: str | None,
) -> None:
    """Without a driver the bus behind it would not exist."""
    known = join(collect(_host(replace(_VMD, driver=driver), _PORT, _DISK))).topology.known

    endpoint = known[SBDF.parse(_VMD.sbdf)]
    assert (endpoint.driver, endpoint.driver_known) == (driver, driver is not None)
    assert known[SBDF.parse(_DISK.sbdf)].vmd == endpoint.sbdf
