"""Every recorded AMD machine has the inventory that its expected.toml says, recorded and copied."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, Region, take_inventory
from dmaragent.iommu.claims import function_with_id
from dmaragent.iommu.model import Access
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.ivrs import read_by_linux
from dmaragent.linux.regions import Hold
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.model import ListSource
from support.kernel_regions import published_direct
from support.machines import AMD, MACHINES, REBUILT, load, materialize


def _taken(path: Path, release: str | None = None) -> Inventory:
    host = join(collect(open_host(str(path)).reader))
    return take_inventory(host, None if release is None else Release.parse(release))


def _text(place: AddressRange | None) -> str:
    return "" if place is None else f"{place.start:#x}-{place.end - 1:#x}"


def _present(inventory: Inventory) -> list[str]:
    return [str(sbdf) for sbdf in sorted(inventory.host.topology.known)]


def _check_region(wanted: dict[str, Any], region: Region, present: list[str]) -> None:
    """Check what firmware wrote, the present devices that it names, and Linux's."""
    assert (f"{region.first:#x}", f"{region.last:#x}") == (wanted["base"], wanted["limit"])
    assert region.entry.structure == f"IVMD {wanted['type']}"
    assert region.reserved.meaning.value == wanted["meaning"]
    owners = present if wanted["owners"] == "all" else wanted["owners"]
    assert [str(owner.sbdf) for owner in region.owners if owner.function is not None] == owners
    if "claim" in wanted:
        assert _claim(region) == wanted["claim"]
    access = {
        "read": Access.READ,
        "write": Access.WRITE,
        "none": Access(0),
        "both": Access.READ | Access.WRITE,
    }
    if region.reserved.meaning.value == "identity":
        assert region.reserved.access == access[wanted.get("access", "both")]
    if "memory_map" in wanted:
        assert region.memory == wanted["memory_map"]
    if "linux" in wanted:
        assert [str(held.sbdf) for held in region.linux] == wanted["linux"]
        assert all(held.hold is Hold.DIRECT for held in region.linux)


def _claim(region: Region) -> str:
    """Return the devices that a block names, as bus, device and function."""
    (claim,) = region.reserved.claims
    if claim.ids is None or claim.kind.value in ("all", "iommu"):
        return claim.kind.value
    names = [
        str(function_with_id(claim.ids.segment, number)).partition(":")[2]
        for number in (claim.ids.first, claim.ids.last)
    ]
    return "-".join(dict.fromkeys(names))


def _check(expected: dict[str, Any], inventory: Inventory) -> None:
    """Check what the files alone decide."""
    present = _present(inventory)
    assert iommu_vendor(inventory.host) is IommuVendor.AMD
    assert not isinstance(inventory.iommu, Missing)
    assert len(present) == expected["pci_functions"]
    assert len(inventory.host.problems) == expected["problems"], inventory.host.problems
    assert len(inventory.regions) == len(expected["regions"])
    for wanted, region in zip(expected["regions"], inventory.regions, strict=True):
        _check_region(wanted, region, present)
    units = {f"{unit.registers:#x}": unit.segment for unit in inventory.units}
    assert units == expected["units"]
    ivrs = read_by_linux(inventory.iommu)
    assert ivrs is not None
    assert ivrs.block_type == expected["linux_block"]
    assert bool(ivrs.error) is expected.get("linux_uses_no_iommu", False)
    without = [name for name in present if not ivrs.serves(SBDF.parse(name))]
    assert without == expected["without_iommu"]


def _check_xen(expected: dict[str, Any], inventory: Inventory) -> None:
    listed = inventory.xen.list
    counted: Counter[str] = Counter()
    for entry in listed.entries:
        counted[_text(entry.range)] += entry.devices
    assert counted == expected["xen_entries"]
    assert bool(listed.iommu_disabled) is expected.get("xen_iommu_disabled", False)
    for name, ranges in expected.get("xen_devices", {}).items():
        own = inventory.xen.devices.get(SBDF.parse(name)) or ()
        assert [_text(place) for place in own] == ranges, name


@pytest.mark.parametrize("name", AMD)
def test_a_recorded_amd_machine_has_the_expected_inventory(name: str) -> None:
    expected = load(name, "expected.toml")
    inventory = _taken(MACHINES / name)

    _check(expected, inventory)
    _check_xen(expected, inventory)
    assert inventory.xen.list.source.value == expected["xen_source"]
    assert inventory.linux.state.value == expected["linux_state"]
    if "differences" in expected:
        assert len(inventory.differences) == expected["differences"], inventory.differences
    if "assignable" in expected:
        xen = inventory.host.xen
        assert xen is not None
        assert not isinstance(xen.assignable, Missing)
        assert [str(sbdf) for sbdf in xen.assignable] == expected["assignable"]


@pytest.mark.parametrize("name", AMD)
def test_a_copy_of_an_amd_machine_has_the_same_inventory(name: str, tmp_path: Path) -> None:
    materialize(name, tmp_path)

    _check(load(name, "expected.toml"), _taken(tmp_path))


RELEASES = [
    (name, release)
    for name in AMD
    for release in load(name, "expected.toml").get("xen_releases", {})
]


@pytest.mark.parametrize(("name", "release"), RELEASES)
def test_each_release_of_xen_has_the_expected_list(name: str, release: str) -> None:
    expected = load(name, "expected.toml")["xen_releases"][release]

    _check_xen(expected, _taken(MACHINES / name, release))


def _groups(name: str) -> list[dict[str, Any]]:
    """Return the groups of a captured machine, as its kernel reported them, or of a rebuilt one."""
    groups: list[dict[str, Any]] = load(
        name, "machine.toml" if name in REBUILT else "expected.toml"
    ).get("groups", [])
    return groups


@pytest.mark.parametrize("name", [name for name in AMD if _groups(name)])
def test_the_regions_of_a_group_are_those_that_the_kernel_reports(name: str) -> None:
    inventory = _taken(MACHINES / name)
    assert not isinstance(inventory.iommu, Missing)
    ivrs = read_by_linux(inventory.iommu)
    assert ivrs is not None

    for group in _groups(name):
        regions = [r for sbdf in group["devices"] for r in ivrs.direct_of(SBDF.parse(sbdf))]
        lines = [f"{line.base:#x}-{line.limit:#x}" for line in published_direct(regions)]
        assert lines == group["direct"]


def test_a_list_that_repeats_its_entries_for_each_device_id_is_read() -> None:
    """Xen 4.20 on the AM5 desktop: three entries for each of 4,089 IDs, 12,267 in all."""
    snapshot = collect(open_host(str(MACHINES / "synthetic-am5-desktop")).reader)
    entries = [(0x9CF3E, 1), (0x9A1C4, 1), (0x9A27B, 2)] * 4089
    xen = snapshot.xen._replace(
        hypervisor_type=b"xen\n",
        version=(b"4\n", b"20\n", b".1\n"),
        reserved_memory=json.dumps({"entries": entries}).encode(),
    )

    inventory = take_inventory(join(snapshot._replace(xen=xen)))

    assert inventory.xen.list.source is ListSource.HYPERVISOR
    expected = load("synthetic-am5-desktop", "expected.toml")["xen_entries"]
    assert {_text(own.range): own.devices for own in inventory.xen.list.entries} == expected
    assert inventory.host.problems == ()
    assert inventory.differences == ()
