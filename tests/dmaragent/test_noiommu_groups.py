"""Groups that VFIO makes without an IOMMU (vfio-noiommu) are not IOMMU groups."""

from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.linux.view import LinuxState, linux_state
from dmaragent.messages.iommu_state import iommu_state
from dmaragent.passthrough.model import Can
from dmaragent.passthrough.region_coverage import coverage_of
from dmaragent.policy.decisions import Verdict
from dmaragent.readings import NOT_COLLECTED, Missing, MissingKind
from support.explained import NIC, grouped, made, told
from support.hosts import FakeHost, Function
from support.kvm import MSI, domain, hostdev, resolved
from support.wording import Worded

NAME = b"vfio-noiommu\n"
ABSENT = Missing(MissingKind.ABSENT, "No such file or directory")
DENIED = Missing(MissingKind.DENIED, "Permission denied")
BOUND = replace(NIC, driver="vfio-pci")
OTHER = Function(sbdf="0000:00:1a.0", driver="e1000e")
GUEST = domain(hostdev("bus='0x00' slot='0x19' function='0x0'"))
_FOLDER = "/sys/kernel/iommu_groups"


def _host(
    name: bytes | Missing,
    regions: bytes | Missing = b"",
    *,
    nic: Function = BOUND,
    other: bytes | None = None,
) -> FakeHost:
    """Make a host whose NIC is in group 0; `other`: another device is in group 1, with regions."""
    host = made(functions=[nic, OTHER], kernel="6.1.0")
    groups = {"g0": [nic.sbdf]} if other is None else {"g0": [nic.sbdf], "g1": [OTHER.sbdf]}
    grouped(host, **groups)
    host.files |= {f"{_FOLDER}/0/name": name, f"{_FOLDER}/0/reserved_regions": regions}
    if other is not None:
        host.files[f"{_FOLDER}/1/reserved_regions"] = other
    return host


@pytest.mark.parametrize(
    ("name", "regions", "can", "verdict"),
    [
        (NAME, b"", Can.NO, Verdict.REFUSED),
        (NAME, NOT_COLLECTED, Can.NO, Verdict.REFUSED),
        (ABSENT, MSI.encode(), Can.YES, Verdict.STARTS),
        (b"a driver's name\n", MSI.encode(), Can.YES, Verdict.STARTS),
        (NOT_COLLECTED, MSI.encode(), Can.YES, Verdict.STARTS),
        (ABSENT, NOT_COLLECTED, Can.YES, Verdict.STARTS),
        *(
            (name, regions, Can.UNKNOWN, Verdict.UNDECIDED)
            for name in (NOT_COLLECTED, DENIED, b"", NAME[:-1])
            for regions in (b"", NOT_COLLECTED)
        ),
    ],
)
def test_a_group_without_an_iommu_is_refused_and_unknown_without_its_name(
    name: bytes | Missing, regions: bytes | Missing, can: Can, verdict: Verdict
) -> None:
    host = _host(name, regions)

    assert told(host).linux.can is can
    assert resolved(GUEST, host).verdict is verdict


def test_a_host_with_such_groups_only_uses_no_iommu(worded: Worded) -> None:
    host = join(collect(_host(NAME)))
    inventory = take_inventory(host)

    assert host.groups == ()
    assert inventory.linux.state is LinuxState.NO_GROUPS
    assert iommu_state(inventory).groups == 0
    worded(told(host).linux.explanation, "vfio-noiommu")


def test_a_host_whose_only_group_may_be_such_a_group_may_use_no_iommu() -> None:
    inventory = take_inventory(join(collect(_host(NOT_COLLECTED))))

    assert inventory.linux.state is LinuxState.UNKNOWN
    assert iommu_state(inventory).groups is None


def test_beside_groups_of_the_iommu_it_is_no_group(worded: Worded) -> None:
    host = _host(NAME, other=MSI.encode())
    (case,) = (one for one in told(host).linux.cases if one.title == "group")

    assert (case.can, told(host).linux.can) == (Can.NO, Can.NO)
    assert told(host, "00:1a.0").linux.can is not Can.NO
    worded(case.explanation, "/dev/vfio/noiommu-0")
    assert resolved(GUEST, host).verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("regions", "can"),
    [(b"", Can.UNKNOWN), (NOT_COLLECTED, Can.YES)],
    ids=["empty", "not collected"],
)
def test_if_linux_uses_the_iommu_for_others_only_an_empty_file_is_in_doubt(
    regions: bytes | Missing, can: Can
) -> None:
    host = _host(NOT_COLLECTED, regions, other=b"")
    host.files[f"{_FOLDER}/1/name"] = ABSENT

    assert told(host).linux.can is can


@pytest.mark.parametrize("driver", [None, "e1000e"])
def test_vfio_makes_a_group_only_for_a_device_that_it_has(driver: str | None) -> None:
    host = _host(NOT_COLLECTED, nic=replace(NIC, driver=driver))

    assert told(host).linux.can is Can.YES


def test_a_device_of_such_a_group_is_not_free() -> None:
    certain, doubtful = (
        coverage_of(take_inventory(join(collect(_host(name)))), ())
        for name in (ABSENT, NOT_COLLECTED)
    )

    sbdf = SBDF.parse(BOUND.sbdf)
    assert (sbdf in certain.free, sbdf in certain.unknown) == (True, False)
    assert (sbdf in doubtful.free, sbdf in doubtful.unknown) == (False, True)


@pytest.mark.parametrize("kind", [MissingKind.DENIED, MissingKind.FAILED])
@pytest.mark.parametrize("path", ["/proc/xen/capabilities", "/sys/hypervisor/type"])
def test_without_groups_a_host_may_be_a_dom0_whose_files_could_not_be_read(
    path: str, kind: MissingKind
) -> None:
    host = grouped(made(kernel="6.1.0"))
    assert linux_state(join(collect(host))) is LinuxState.NO_GROUPS
    host.files |= {
        "/sys/hypervisor/type": Missing(MissingKind.ABSENT),
        "/proc/xen/capabilities": Missing(MissingKind.ABSENT),
        path: Missing(kind),
    }

    assert linux_state(join(collect(host))) is LinuxState.UNKNOWN
    assert linux_state(join(collect(grouped(host, g1=["0000:00:19.0"])))) is LinuxState.GROUPS
