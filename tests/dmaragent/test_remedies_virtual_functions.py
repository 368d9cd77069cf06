"""The fix to pass a virtual function through: only if it is known that no region applies to one."""

from dataclasses import replace

import pytest

from dmaragent.answers.explain import Explanation
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from support.amd_inventories import DESKTOP
from support.explained import HIGH, NIC, NIC_SCOPE, USB, USB_SCOPE, grouped, made, told
from support.hosts import Function, add_memory_map, fake_host
from support.ivrs_tables import ENTRIES, entry, ivhd, ivmd, ivrs
from support.tables import rmrr, scope

PF, VF = "0000:01:00.0", "0000:01:00.4"
OWN = ivmd(0x90000000, 0x1000, device=0x0100)
MEMORY = ("0x0 0x7fffffff System RAM", "0x80000000 0xfebfffff Reserved")


def offered(answer: Explanation) -> list[str]:
    return [fix.explanation for fix in answer.remedies if fix.title.startswith("Pass a virtual")]


def amd(*regions: bytes, virtual: bool = False, served: tuple[bytes, ...] = ENTRIES) -> Host:
    """Return a host whose display device, of IOMMU group 1, supports virtual functions."""
    functions = [replace(one, total_vfs=4 if one.sbdf == PF else None) for one in DESKTOP[:4]]
    groups = {"g1": [PF]}
    if virtual:
        functions.append(Function(sbdf=VF, class_code=0x030000, physical_function=PF))
        groups["g2"] = [VF]
    host = fake_host(functions, {"IVRS": ivrs(ivhd(*served), *regions)})
    add_memory_map(host, MEMORY)
    joined = join(collect(grouped(host, **groups)))
    return joined._replace(
        system=joined.system._replace(kernel_release="6.12.0", cpu_vendor="AuthenticAMD"),
        groups=(),
    )


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize(
    "also",
    [
        ivmd(0xA0000000, 0x1000, kind=0x20),
        ivmd(0xA0000000, 0x1000, kind=0x22, device=0x0000, auxiliary=0x01FF),
        ivmd(0xA0000000, 0x1000, kind=0x21, device=0x0104),
    ],
    ids=["all devices", "a range", "one of its IDs"],
)
def test_an_ivmd_for_the_ids_of_virtual_functions_leaves_no_such_fix(
    also: bytes,
    virtual: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert offered(told(amd(OWN, also, virtual=virtual), PF)) == []
    assert len(offered(told(amd(OWN, virtual=virtual), PF))) == 1


@pytest.mark.parametrize(("last", "found"), [(0x0100, 1), (0x0101, 0)])
def test_an_ivmd_that_ends_with_the_id_after_the_device_leaves_no_such_fix(
    last: int, found: int
) -> None:
    """A new virtual function of 01:00.0 can get 01:00.1, which is the ID 0x0101."""
    also = ivmd(0xA0000000, 0x1000, kind=0x22, device=0x0100, auxiliary=last)

    assert len(offered(told(amd(OWN, also), PF))) == found


def test_a_virtual_function_that_no_ivhd_names_has_no_iommu() -> None:
    one = entry(2, 0x0100)

    assert offered(told(amd(OWN, served=(one,)), PF)) == []


def test_a_bridge_that_a_region_names_beside_the_device_covers_virtual_functions() -> None:
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2),
        Function(sbdf="0000:02:00.0", total_vfs=7),
    ]
    device, bridge = scope(1, 0, (0x1C, 0), (0, 0)), scope(2, 0, (0x1C, 0))
    groups = {"g1": ["0000:00:1c.0"], "g2": ["0000:02:00.0"]}

    def answer(*scopes: bytes) -> Explanation:
        region = rmrr(0xAD800000, 0xAD80FFFF, *scopes)
        return told(
            grouped(made(region, functions=functions, kernel="6.12.0"), **groups), "02:00.0"
        )

    assert offered(answer(device, bridge)) == []
    assert len(offered(answer(device))) == 1


def test_only_virtual_functions_without_a_region_are_named() -> None:
    functions = [
        replace(NIC, total_vfs=7),
        Function(sbdf="0000:00:19.1", physical_function=NIC.sbdf),
        Function(sbdf="0000:00:19.2", physical_function=NIC.sbdf),
    ]
    named = rmrr(0xAE000000, 0xAE00FFFF, scope(1, 0, (0x19, 1)))

    (text,) = offered(told(made(HIGH, named, functions=functions)))

    assert "0000:00:19.2" in text
    assert "0000:00:19.1" not in text


@pytest.mark.parametrize(("place", "found"), [((0x19, 1), 0), ((0x19, 0), 1)])
def test_xen_applies_a_region_to_the_address_that_a_virtual_function_gets(
    place: tuple[int, int], found: int
) -> None:
    named = rmrr(0xAE000000, 0xAE00FFFF, scope(1, 0, place))

    answer = told(made(HIGH, named, functions=[replace(NIC, total_vfs=7)]))

    assert len(offered(answer)) == found


@pytest.mark.parametrize(
    ("last", "named", "found"),
    [
        (1, (1, (0x10, 0)), 0),
        (1, (2, (0, 0)), 1),
        (2, (1, (0x10, 0)), 0),
        (2, (2, (0, 0)), 0),
        (2, (3, (0, 0)), 1),
    ],
)
def test_a_virtual_function_can_get_each_bus_up_to_the_last_behind_the_bridge(
    last: int, named: tuple[int, tuple[int, int]], found: int
) -> None:
    """Buses 1 to `last` are behind 00:1c.0; a region names an address where no function is yet."""
    functions = [
        Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=1, subordinate_bus=last),
        Function(sbdf=PF, total_vfs=7),
    ]
    own, other = scope(1, 1, (0, 0)), scope(1, *named)
    regions = (rmrr(0xAD800000, 0xAD80FFFF, own), rmrr(0xAE000000, 0xAE00FFFF, other))

    assert len(offered(told(made(*regions, functions=functions), PF))) == found


@pytest.mark.parametrize(("xen", "found"), [(False, 0), (True, 1)])
def test_only_vfio_attaches_the_group_of_a_virtual_function_as_a_whole(
    xen: bool,  # noqa: FBT001
    found: int,
) -> None:
    virtual = Function(sbdf="0000:00:19.1", physical_function=NIC.sbdf)
    shared = rmrr(0xAD800000, 0xAD80FFFF, NIC_SCOPE, USB_SCOPE)
    host = made(shared, functions=[replace(NIC, total_vfs=7), virtual, USB], kernel="6.12.0")
    if xen:
        host.files["/sys/hypervisor/type"] = b"xen\n"
        host.files["/proc/xen/capabilities"] = b"control_d\n"
        host.calls["xl-info"] = b"virt_caps : pv hvm hvm_directio hap\nxen_commandline : \n"

    answer = told(grouped(host, g1=[NIC.sbdf, virtual.sbdf]))

    assert len(offered(answer)) == found


@pytest.mark.parametrize(
    ("driver", "removed"),
    [("ixgbe", True), (None, True), ("pciback", False), ("pci-stub", False), ("vfio-pci", False)],
)
def test_virtual_functions_are_removed_first_unless_the_device_is_kept_for_a_guest(
    driver: str | None,
    removed: bool,  # noqa: FBT001
) -> None:
    virtual = Function(sbdf="0000:00:19.1", physical_function=NIC.sbdf)
    host = made(functions=[replace(NIC, total_vfs=7, driver=driver), virtual], kernel="6.12.0")

    answer = told(grouped(host, g1=[NIC.sbdf], g2=[virtual.sbdf]))

    lines = [line for fix in answer.remedies for line in fix.lines]
    assert any("sriov_numvfs" in line for line in lines) is removed
