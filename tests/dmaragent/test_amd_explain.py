"""What `explain` has for devices of AMD hosts: groups, virtual functions, policies."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can, CaseKind
from dmaragent.policy.host_facts import facts_of
from support.amd_hosts import FUNCTIONS, MEMORY
from support.explained import grouped, told
from support.hosts import Function, add_memory_map, fake_host
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ENTRIES, ivhd, ivmd, ivrs

NIC = "0000:01:00.0"


@pytest.mark.parametrize(
    ("kernel", "driver", "can"),
    [
        (b"6.1.0\n", "snd_hda_intel", Can.CONDITIONS),
        (b"6.1.0\n", "vfio-pci", Can.CONDITIONS),
        (b"6.12.0\n", "snd_hda_intel", Can.NO),
    ],
)
def test_a_mate_with_a_region_and_a_host_driver_has_both_conditions_unless_it_blocks(
    kernel: bytes, driver: str, can: Can
) -> None:
    mate = Function(sbdf="0000:01:00.1", driver=driver)
    made = fake_host([*FUNCTIONS, mate], {"IVRS": qemu(ivmd(0x90000000, 0x1000, device=0x0101))})
    made.files["/proc/sys/kernel/osrelease"] = kernel

    linux = told(grouped(made, g1=[NIC, mate.sbdf]), NIC, "4.20.4").linux
    messages = [case.message for case in linux.cases if case.kind is CaseKind.GROUP]

    assert linux.can is can
    both = can is Can.CONDITIONS and driver != "vfio-pci"
    assert messages == (["", "group 1 is not viable"] if both else [""])


def _served(block: bytes, *more: Function) -> Host:
    """Return a host whose IVRS has `block` and an IOMMU at 00:00.2 for all devices."""
    functions = [Function(sbdf="0000:00:00.2", class_code=0x080600), *FUNCTIONS[2:], *more]
    data = ivrs(ivhd(*ENTRIES), ivhd(*ENTRIES, kind=0x11), block)
    made = fake_host(functions, {"IVRS": data})
    add_memory_map(made, ("0x0 0x8ffff System RAM", "0x90000 0x9fbff Reserved", *MEMORY[1:]))
    return join(collect(made))


def test_amds_regions_go_by_device_id_also_for_virtual_functions() -> None:
    within, beyond = (
        Function(sbdf=sbdf, physical_function=NIC) for sbdf in ("0000:01:10.0", "0000:03:10.0")
    )
    block = ivmd(0x90000000, 0x1000, kind=0x22, device=0x0100, auxiliary=0x01FF, flags=7)
    host = _served(block, within, beyond)

    answers = [told(host, function.sbdf, "4.20.4") for function in (within, beyond)]
    cases = [case for one in answers for case in (*one.xen.cases, *one.linux.cases)]

    assert not any(case.title == "virtual function" for case in cases)
    assert [bool(one.xen.cases) for one in answers] == [True, False]


def test_on_amd_a_policy_has_no_span_of_releases() -> None:
    block = ivmd(0x9A000, 0x1000, device=device(NIC[5:]), flags=7)
    cases = told(_served(block), NIC, "4.20.4").xen.cases

    decided = [case for case in cases if case.kind in (CaseKind.STRICT, CaseKind.RELAXED)]
    assert [case.rule is not None for case in decided] == [True, True]
    assert {case.releases for case in decided} == {""}


@pytest.mark.parametrize(("kind", "last"), [(0x21, 0), (0x22, 0x0100), (0x22, 0x0107)])
@pytest.mark.parametrize("segment", [0, 1])
def test_an_ivmd_names_the_devices_of_its_segment_only(kind: int, last: int, segment: int) -> None:
    """An IVMD for 01:00.0, or 01:00.0 to 01:00.7; segments 0 and 1 both have a 01:00.0."""
    block = ivmd(
        0x90000000,
        0x1000,
        kind=kind,
        flags=7,
        device=0x0100,
        auxiliary=last,
        reserved=bytes([segment]) + bytes(7),
    )
    other = Function(sbdf="0001:01:00.0")
    inventory = take_inventory(_served(block, other))

    naming = facts_of(inventory).by_device.naming

    assert [len(naming(SBDF(of, 1, 0, 0))) for of in (0, 1)] == [segment == 0, segment == 1]
    assert naming(SBDF(segment, 1, 0, 7)) == (inventory.regions if last == 0x0107 else ())
