"""The inventory of a host with AMD's table."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.host import Host
from dmaragent.host.xen import RdmEntry, XenHost
from dmaragent.inventory import Inventory, take_inventory, under_release
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.regions import Hold
from dmaragent.linux.view import LinuxState
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.xen.reserved_list.model import ListSource
from support.amd_hosts import FUNCTIONS, host_of, table_alone
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ENTRIES, block, device_range, ivhd, ivmd, ivrs
from support.wording import Worded


def inventory(host: Host, release: str | None = None) -> Inventory:
    return take_inventory(host, None if release is None else Release.parse(release))


def held(taken: Inventory, number: int) -> list[tuple[str, Hold, bool]]:
    """Return the devices that Linux holds to a region: address, word, whether the kernel's."""
    region = taken.regions[number - 1]
    return [(str(own.sbdf), own.hold, own.by_kernel) for own in region.linux]


REGIONS = qemu(
    ivmd(0x90000000, 0x2000, flags=7, device=device("00:1d.0")),
    ivmd(0x90010000, 0x1000, flags=8, device=device("01:00.0")),
    ivmd(0x90020000, 0x1000, flags=7, kind=0x20),
)
DIRECT = {
    "0000:00:00.0": b"0x0000000090020000 0x0000000090020fff direct\n",
    "0000:00:1d.0": b"0x0000000090000000 0x0000000090001fff direct\n"
    b"0x0000000090020000 0x0000000090020fff direct\n",
    "0000:01:00.0": b"0x0000000090010000 0x0000000090010fff direct\n"
    b"0x0000000090020000 0x0000000090020fff direct\n",
    "0000:02:00.0": b"0x0000000090020000 0x0000000090020fff direct\n",
}


def test_linux_holds_each_device_with_its_own_id_and_the_kernel_confirms_it() -> None:
    taken = inventory(host_of(REGIONS, DIRECT))

    assert taken.linux.state is LinuxState.GROUPS
    assert held(taken, 1) == [("0000:00:1d.0", Hold.DIRECT, True)]
    assert held(taken, 2) == [("0000:01:00.0", Hold.DIRECT, True)]
    assert [sbdf for sbdf, _, _ in held(taken, 3)] == [
        "0000:00:00.0",
        "0000:00:1d.0",
        "0000:01:00.0",
        "0000:02:00.0",
    ]
    assert (taken.linux.differences, taken.published) == ((), ())
    assert iommu_vendor(taken.host) is IommuVendor.AMD


def test_a_region_that_the_kernel_lacks_and_one_that_it_adds_are_differences() -> None:
    lines = {**DIRECT, "0000:01:00.0": b"0x00000000a0000000 0x00000000a0000fff direct\n"}
    taken = inventory(host_of(REGIONS, lines))

    assert sorted((difference.region or 0) for difference in taken.linux.differences) == [0, 2, 3]


def test_without_groups_the_rules_predict_a_usb_controller_direct() -> None:
    taken = inventory(host_of(REGIONS))

    assert held(taken, 1) == [("0000:00:1d.0", Hold.DIRECT, False)]


def test_each_function_has_its_iommu_and_the_iommu_itself_none() -> None:
    taken = inventory(host_of(REGIONS))

    assert {str(sbdf) for sbdf in taken.linux.unit_of} == {
        str(SBDF.parse(function.sbdf)) for function in FUNCTIONS
    } - {"0000:00:01.0"}


def test_xens_list_is_predicted_folded_and_of_each_device() -> None:
    taken = inventory(host_of(REGIONS), "4.17.7")

    assert taken.xen.list.source is ListSource.PREDICTED
    assert [(entry.region, entry.devices) for entry in taken.xen.list.entries] == [
        (3, 1),
        (1, 1),
        (2, 1),
    ]
    assert [region.xen.listed for region in taken.regions] == [True, True, True]
    assert [region.xen.shared for region in taken.regions] == [False, False, False]
    network = taken.xen.devices[SBDF.parse("01:00.0")]
    assert network is not None
    assert [place.start for place in network] == [0x90010000, 0x90020000]
    assert SBDF.parse("00:01.0") not in taken.xen.devices


def test_a_device_that_is_not_known_has_the_regions_of_its_id() -> None:
    taken = inventory(table_alone(REGIONS), "4.17.7")

    assert taken.xen.devices[SBDF.parse("01:00.3")] is not None
    assert SBDF.parse("05:00.0") not in taken.xen.devices


def test_a_broad_range_is_unknown_without_a_release_and_off_or_listed_with_one() -> None:
    data = ivrs(
        ivhd(device_range(8, 0xFFFE), *ENTRIES[1:], kind=0x11),
        ivmd(0x90000000, 1, kind=0x22, device=0, auxiliary=0x0FFF),
    )
    unknown = inventory(table_alone(data))
    old = under_release(unknown, Release.parse("4.17.7"))
    new = under_release(unknown, Release.parse("4.20.0"))

    assert unknown.regions[0].xen.listed is None
    assert (old.regions[0].xen.listed, old.xen.list.entries) == (False, ())
    assert old.xen.list.iommu_disabled
    assert old.xen.list.why_empty == (old.xen.list.iommu_disabled,)
    assert new.regions[0].xen.listed is True
    assert [entry.devices for entry in new.xen.list.entries] == [4088]


def test_before_4_16_xen_lists_nothing() -> None:
    taken = inventory(host_of(REGIONS), "4.15.5")

    assert taken.xen.list.entries == ()
    assert {region.xen.listed for region in taken.regions} == {False}
    assert taken.xen.list.why_empty


def xen_host(listed: tuple[RdmEntry, ...]) -> XenHost:
    return XenHost(
        dom0=True,
        guest_type="PV",
        release=Release.parse("4.17.7"),
        extra=".7",
        command_line="",
        capabilities=("hvm", "hvm_directio"),
        reserved_memory=listed,
        device_reserved_memory=Missing(MissingKind.NOT_COLLECTED),
        assignable=Missing(MissingKind.NOT_COLLECTED),
    )


def test_the_hypervisors_own_list_is_folded_and_is_the_authority() -> None:
    listed = (RdmEntry(0x90020, 1), RdmEntry(0x90000, 2), *[RdmEntry(0xA0000, 1)] * 3)
    host = host_of(REGIONS)._replace(xen=xen_host(listed))
    taken = inventory(host)

    assert taken.xen.list.source is ListSource.HYPERVISOR
    assert [(entry.region, entry.devices) for entry in taken.xen.list.entries] == [
        (3, 1),
        (1, 1),
        (None, 3),
    ]
    assert [region.xen.listed for region in taken.regions] == [True, False, True]
    assert len(taken.xen.unlisted) == 1
    assert taken.linux.state is LinuxState.UNDER_XEN


def test_an_empty_list_of_the_hypervisor_says_what_the_rules_know() -> None:
    taken = inventory(host_of(REGIONS)._replace(xen=xen_host(())))

    assert taken.xen.list.source is ListSource.HYPERVISOR
    assert {region.xen.listed for region in taken.regions} == {False}


def test_what_linux_may_read_differently_is_a_gap() -> None:
    data = qemu(block(0x51, bytes(4), length=99))
    taken = inventory(host_of(data, {}))

    assert taken.linux.doubt
    assert taken.linux.doubt in [gap.unknown for gap in taken.gaps.linux]


@pytest.mark.parametrize("reported", [True, False], ids=["reported", "predicted"])
def test_what_xen_makes_nothing_of_in_ivmd_is_a_difference(
    worded: Worded, *, reported: bool
) -> None:
    """The table has 48 bits of address; 00:00.1 has no IOMMU; 1:0 is no address of a device."""
    xen = xen_host((RdmEntry(0x90020, 1),))
    xen = xen._replace(command_line="ivmd=0x1000000000=1:0.0;0x91000=0:0.1;0x92000=1:0")
    if not reported:
        xen = xen._replace(reserved_memory=Missing(MissingKind.FAILED))
    only = qemu(ivmd(0x90020000, 0x1000, flags=7, kind=0x20))
    found = inventory(host_of(only)._replace(xen=xen._replace(release=Release.parse("4.20.1"))))

    said = [one.explanation for one in found.xen.differences if "`ivmd=`" in one.explanation]
    assert len(said) == 3, said
    for sentence in said:
        worded(sentence, "ivmd=")


@pytest.mark.parametrize("release", [None, "4.15", "4.17", "4.17.3", "4.22"])
def test_the_captured_tables_have_an_inventory(
    ivrs_corpus: dict[str, bytes], release: str | None
) -> None:
    for name, data in ivrs_corpus.items():
        taken = inventory(table_alone(data), release)

        assert taken.decoded, name
        assert taken.complete, name
        assert bool(taken.units)
        assert taken.xen.list.source is ListSource.PREDICTED
        for region in taken.regions:
            assert region.size > 0
            assert region.owners or region.reserved.claims[0].ids


def test_a_table_without_a_whole_header_has_no_regions() -> None:
    taken = take_inventory(table_alone(b"IVRS"))
    assert taken.regions == ()
    assert taken.complete is False
    assert taken.decoded is False


@pytest.mark.parametrize(
    ("kernel", "held_by_linux"), [("5.10.0-32-amd64", True), ("6.1.0-57-amd64", False)]
)
def test_linux_reads_the_segment_of_an_ivmd_from_6_0_on(
    kernel: str, *, held_by_linux: bool
) -> None:
    other = ivmd(0x90000000, 0x1000, device=device("01:00.0"), reserved=b"\1" + bytes(7))
    host = host_of(qemu(other))
    taken = inventory(host._replace(system=host.system._replace(kernel_release=kernel)))

    assert bool(taken.regions[0].linux) is held_by_linux


@pytest.mark.parametrize(
    ("kernel", "segment", "doubted"),
    [
        ("5.14.0-503.el9.x86_64", 1, True),
        ("5.14.0-503.el9.x86_64", 0, False),
        ("6.12.0-55.el10.x86_64", 1, False),
        ("5.10.0-32-amd64", 1, False),
        (None, 1, True),
        (None, 0, False),
    ],
)
def test_a_vendor_may_have_added_that_linux_reads_segments(
    kernel: str | None, segment: int, *, doubted: bool
) -> None:
    reserved = bytes([segment]) + bytes(7)
    block = ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0"), reserved=reserved)
    host = host_of(qemu(block))
    host = host._replace(system=host.system._replace(kernel_release=kernel))
    published = host_of(qemu(block), {})._replace(system=host.system)

    assert bool(inventory(host).linux.doubt) is doubted
    assert inventory(published).linux.doubt == ""


@pytest.mark.parametrize(
    ("kernel", "uses"),
    [
        ("5.10.0-32-amd64", True),
        ("6.1.0-57-amd64", True),
        ("6.4.16", True),
        ("6.5.0", False),
        ("6.12.117", False),
        ("7.2.13", False),
        ("5.14.0-503.el9.x86_64", None),  # its vendor backports
        ("6.12.0-55.el10.x86_64", False),
        (None, None),
    ],
)
def test_a_region_without_access_switches_the_iommu_off_from_6_5_on(
    kernel: str | None, *, uses: bool | None
) -> None:
    host = host_of(qemu(ivmd(0x90000000, 0x1000, flags=1, device=device("01:00.0"))))
    system = host.system._replace(kernel_release=kernel, options=())
    taken = inventory(host._replace(system=system))

    assert taken.linux.ivrs is not None
    assert bool(taken.linux.doubt) is (uses is None)
    assert bool(taken.linux.ivrs.error) is (uses is False)
    assert bool(taken.linux.unit_of) is (uses is not False)


@pytest.mark.parametrize(
    ("kernel", "doubts"), [("6.4.16", False), ("6.5.0", True), ("6.12.117", True)]
)
def test_without_the_options_it_is_unknown_whether_a_region_without_access_has_an_effect(
    kernel: str, *, doubts: bool
) -> None:
    host = host_of(qemu(ivmd(0x90000000, 0x1000, flags=1, device=device("01:00.0"))))
    system = host.system._replace(kernel_release=kernel, options=None)
    linux = inventory(host._replace(system=system)).linux

    assert ("iommu=pt" in linux.doubt) is doubts
    assert linux.ivrs is not None
    assert linux.ivrs.error == ""


OF_SEGMENT_1 = ivmd(
    0x90000000, 0x1000, flags=7, device=device("01:00.0"), reserved=b"\1" + bytes(7)
)
WITHOUT_ACCESS = ivmd(0x90000000, 0x1000, flags=1, device=device("01:00.0"))


@pytest.mark.parametrize(
    ("ivmd_block", "kernel"),
    [
        (OF_SEGMENT_1, None),
        (OF_SEGMENT_1, "5.14.0-503.el9.x86_64"),
        (WITHOUT_ACCESS, None),
        (WITHOUT_ACCESS, "6.12.117"),
    ],
    ids=["segment", "segment, a vendor's kernel", "access", "access, options unknown"],
)
@pytest.mark.parametrize("unread", [0, 1, len(FUNCTIONS)])
def test_one_group_whose_regions_were_not_read_leaves_the_doubt_about_linux(
    ivmd_block: bytes, kernel: str | None, unread: int
) -> None:
    """Each function has a group; `unread` of them have no reserved_regions."""
    host = host_of(qemu(ivmd_block), {})
    assert not isinstance(host.groups, Missing)
    lost = [group._replace(regions=None, regions_whole=False) for group in host.groups[:unread]]
    host = host._replace(groups=(*lost, *host.groups[unread:]))
    system = host.system._replace(kernel_release=kernel, options=None)

    taken = inventory(host._replace(system=system))

    assert bool(taken.linux.doubt) is (unread > 0)
    assert any(gap.refusals for gap in taken.gaps.linux) is (unread > 0)


@pytest.mark.parametrize(
    ("option", "uses"),
    [
        ("iommu=pt", True),
        ("iommu=nopt", False),
        ("iommu.passthrough=yes", True),
        ("iommu.passthrough=T", True),
        ("iommu.passthrough=ON", True),
        ("iommu.passthrough=off", False),
        ("iommu.passthrough", False),
        ("iommu.passthrough=2", False),
    ],
)
def test_with_iommu_pt_a_region_without_access_has_no_effect(option: str, *, uses: bool) -> None:
    host = host_of(qemu(ivmd(0x90000000, 0x1000, flags=1, device=device("01:00.0"))))
    system = host.system._replace(kernel_release="6.12.117", options=(option,))
    taken = inventory(host._replace(system=system))

    assert bool(taken.linux.unit_of) is uses
