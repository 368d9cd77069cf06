"""What Xen does with the regions of a device that it assigns to a guest on AMD."""

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.inventory import take_inventory
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.ivrs_assignment import (
    AssignmentRefusal,
    IvrsAssignment,
    assignment_of,
)
from dmaragent.xen.reserved_list.model import ListSource
from support.ivmd_hosts import amd_host, with_xen
from support.ivrs_hosts import IOMMU, QEMU_ENTRIES, device, functions_at, predict, qemu
from support.ivrs_tables import alias, device_range, entry, ivhd, ivmd, ivrs

REGIONS = (
    ivmd(0x90000000, 0x2000, flags=7, device=device("01:00.0")),
    ivmd(0x90010000, 0x1000, flags=8, device=device("01:00.0")),
    ivmd(0x90020000, 0x1000, flags=8, device=device("02:00.0")),
    ivmd(0x90030000, 0x1000, flags=7, device=device("04:00.2")),
)
RAM = AddressRange(0x90001000, 0x90010800)


def assigned(name: str, data: bytes | None = None, release: str = "4.17.7") -> IvrsAssignment:
    return assignment_of(predict(data or qemu(*REGIONS), release), SBDF.parse(name))


def test_unity_maps_are_mapped_and_the_exclusion_range_is_not() -> None:
    assignment = assigned("01:00.0")

    assert assignment.refusal is None
    assert [listed.entry.start_pfn for listed in assignment.mapped] == [0x90000]
    assert [listed.entry.start_pfn for listed in assignment.untranslated] == [0x90010]


def test_guest_memory_conflicts_with_unity_maps_alone() -> None:
    assignment = assigned("01:00.0")

    assert assignment.conflicts(RAM) == (AddressRange(0x90001000, 0x90002000),)
    assert assignment.reaches_host(RAM) == (AddressRange(0x90010000, 0x90010800),)
    assert assignment.conflicts(AddressRange(0, 0x90000000)) == ()


def test_the_second_exclusion_range_of_an_iommu_is_mapped() -> None:
    assignment = assigned("02:00.0")

    assert [listed.entry.start_pfn for listed in assignment.mapped] == [0x90020]
    assert assignment.untranslated == ()


@pytest.mark.parametrize(
    ("release", "refusal"),
    [("4.16.0", None), ("4.16.1", AssignmentRefusal.ALIASED), ("4.22", AssignmentRefusal.ALIASED)],
)
def test_a_device_behind_an_alias_with_a_unity_map_stays_with_its_owner(
    release: str, refusal: AssignmentRefusal | None
) -> None:
    assignment = assigned("04:00.2", release=release)

    assert assignment.refusal is refusal
    assert str(assignment.requester) == "0000:00:1e.0"
    assert [listed.entry.start_pfn for listed in assignment.mapped] == [0x90030]
    assert assigned("03:00.0", release=release).refusal is refusal  # with the same alias


def test_the_point_release_decides_and_a_segment_that_is_not_modelled_is_unknown() -> None:
    unsure = assigned("04:00.2", release="4.16")

    assert unsure.doubt
    assert unsure.refusal is None
    assert assigned("0001:01:00.0").doubt


@pytest.mark.parametrize(
    ("own", "mapped"),
    [
        (entry(2, device("00:00.0")), [1, 0, 1]),  # others than function 0 have no entry
        (device_range(device("00:00.0"), device("00:00.3")), [1, 0, 0]),
    ],
)
def test_an_iommu_does_not_serve_itself(own: bytes, mapped: list[int]) -> None:
    """As on most machines, the IOMMU is function 2 of the device that it serves."""
    region = ivmd(0x90000000, 0x1000, flags=7, device=device("00:00.0"))
    block = ivhd(*QEMU_ENTRIES[1:], own, device=device("00:00.2"))
    topology = functions_at("00:00.0", "00:00.2", "00:00.3")
    prediction = predict(ivrs(block, region, iv_info=0x203040), topology=topology)

    found = [assignment_of(prediction, sbdf) for sbdf in sorted(topology.known)]

    assert [one.refusal for one in found] == [None, AssignmentRefusal.NO_IOMMU, None]
    assert [len(one.mapped) for one in found] == mapped


def test_a_device_with_an_entry_of_its_own_keeps_its_id() -> None:
    entries = (entry(2, device("04:00.2")), *QEMU_ENTRIES)
    data = ivrs(ivhd(*entries, device=IOMMU), *REGIONS, iv_info=0x203040)
    assignment = assigned("04:00.2", data)

    assert assignment.refusal is None
    assert str(assignment.requester) == "0000:04:00.2"
    assert [listed.entry.start_pfn for listed in assignment.mapped] == [0x90030]


@pytest.mark.parametrize(
    ("flags", "release", "refusal"),
    [
        (7, "4.16.0", None),
        (7, "4.20.4", AssignmentRefusal.ALIASED),
        (8, "4.20.4", None),
    ],
)
def test_an_alias_without_an_iommu_of_its_own_has_the_regions_that_xen_registered_there(
    flags: int, release: str, refusal: AssignmentRefusal | None
) -> None:
    """04:00.0 is seen as 00:1e.0, of which the table has no entry."""
    own = (alias(0x42, device("04:00.0"), device("00:1e.0")), QEMU_ENTRIES[0], QEMU_ENTRIES[-1])
    region = ivmd(0x90000000, 0x1000, flags=flags, device=device("04:00.0"))
    data = ivrs(ivhd(*own, device=IOMMU), region, iv_info=0x203040)
    assignment = assigned("04:00.0", data, release)
    ranges = (*assignment.mapped, *assignment.untranslated)

    assert predict(data, release).device(SBDF.parse("00:1e.0")) is None
    assert (assignment.refusal, str(assignment.requester)) == (refusal, "0000:00:1e.0")
    assert [(listed.entry.start_pfn, listed.in_registers) for listed in ranges] == [
        (0x90000, flags == 8)
    ]


def test_what_is_refused_for_every_guest() -> None:
    assert assigned("05:00.0").refusal is AssignmentRefusal.NO_IOMMU
    off = qemu(ivmd(0x90000000, 0x1000, flags=0, device=device("01:00.0")))
    assert assigned("01:00.0", off).refusal is AssignmentRefusal.IOMMU_OFF


@pytest.mark.parametrize(
    ("data", "release"),
    [
        (qemu(*REGIONS), "4.15.5"),
        (qemu(ivmd((1 << 64) - 0x1000, 0x2000, flags=7, device=device("01:00.0"))), "4.17.7"),
        (qemu(ivmd(0x10000000, 0x1000, flags=7, device=device("01:00.0"))), "4.17"),
    ],
)
def test_what_is_unknown_of_the_list_is_unknown_of_the_assignment(
    data: bytes, release: str
) -> None:
    assignment = assigned("01:00.0", data, release)

    assert assignment.doubt
    assert (assignment.refusal, assignment.mapped) == (None, ())


@pytest.mark.parametrize(
    ("asked", "source"),
    [("4.16.0", ListSource.PREDICTED), ("4.16.6", ListSource.HYPERVISOR)],
)
def test_the_running_list_counts_for_point_releases_that_treat_aliases_alike(
    asked: str, source: ListSource
) -> None:
    host = with_xen(amd_host(), None, release="4.16.5", listed=())

    inventory = take_inventory(host, Release.parse(asked))

    assert inventory.xen.list.source is source
