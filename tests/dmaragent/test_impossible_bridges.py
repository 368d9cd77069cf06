"""Bridges and names that no host has: each is a problem line, and what rests on it is unknown."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.host.topology import Presence
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can
from dmaragent.present.text.tree import tree_nodes
from dmaragent.releases import Release
from support.explained import NIC, UNIT, grouped, made, told
from support.hosts import FakeHost, Function
from support.tables import rmrr, scope, table
from support.wording import Worded

SYSFS = "/sys/devices/pci0000:00"
FUNCTIONS = [
    NIC,
    Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=2, subordinate_bus=2),
    Function(sbdf="0000:00:1d.0", class_code=0x060400, secondary_bus=3, subordinate_bus=3),
    Function(sbdf="0000:02:00.0", driver="nvme"),
    Function(sbdf="0000:03:00.0", driver="nvme"),
]
REGION = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x1C, 0), (0, 0)))


def host_with(attribute: int, *config: int, bridge: str = "0000:00:1c.0") -> FakeHost:
    """Make a host whose `bridge` has these bus numbers: by sysfs, and in configuration space."""
    fake = made(REGION, functions=FUNCTIONS, kernel="6.1.0")
    path = f"{SYSFS}/{bridge}"
    fake.files[f"{path}/secondary_bus_number"] = f"{attribute}\n".encode()
    content = fake.files[f"{path}/config"]
    assert isinstance(content, bytes)
    changed = bytearray(content)
    changed[0x19 : 0x19 + len(config)] = bytes(config)
    fake.files[f"{path}/config"] = bytes(changed)
    groups = {f"g{number}": [one.sbdf] for number, one in enumerate(FUNCTIONS)}
    fake = grouped(fake, **groups)
    for number in range(len(FUNCTIONS)):
        del fake.files[f"/sys/kernel/iommu_groups/{number}/reserved_regions"]
    return fake


def problems_of(fake: FakeHost) -> list[str]:
    return [line for line in join(collect(fake)).problems if "reserved regions" not in line]


def names_in_tree(host: Host) -> set[str]:
    nodes = tree_nodes(take_inventory(host))
    return {str(node.sbdf) for node in nodes if node.sbdf is not None}


def test_sound_bridges_have_no_problem() -> None:
    assert problems_of(host_with(2, 2, 2)) == []
    assert told(host_with(2, 2, 2), "02:00.0").linux.can is Can.NO


@pytest.mark.parametrize(
    "fake",
    [
        host_with(0, 0, 0, bridge="0000:00:1d.0"),
        host_with(3, 3, 3),
        host_with(5, 2, 2),
        host_with(2, 2, 1),
    ],
    ids=["numbered-0", "two-with-one-bus", "two-numbers", "highest-below-first"],
)
def test_bus_numbers_that_cannot_be_are_a_problem_and_drop_no_function(
    fake: FakeHost, worded: Worded
) -> None:
    joined = join(collect(fake))

    worded(joined.problems)
    assert names_in_tree(joined) >= {one.sbdf for one in FUNCTIONS}


@pytest.mark.parametrize("fake", [host_with(3, 3, 3), host_with(5, 2, 2), host_with(2, 2, 1)])
def test_what_may_be_behind_such_a_bridge_is_unknown(fake: FakeHost) -> None:
    assert told(fake, "02:00.0").linux.can is Can.UNKNOWN
    assert told(fake, "02:00.0").xen.can is Can.UNKNOWN
    assert told(fake, "00:19.0").linux.can is Can.YES  # on the bridge's own bus


def test_a_bridge_behind_itself_ends_the_walk(worded: Worded) -> None:
    behind = Function(sbdf="0000:02:01.0", class_code=0x060400, secondary_bus=2, subordinate_bus=9)
    fake = made(REGION, functions=[*FUNCTIONS, behind], kernel="6.1.0")
    joined = join(collect(fake))

    worded(joined.problems, "0000:02:01.0")
    assert names_in_tree(joined) >= {"0000:02:00.0", "0000:02:01.0"}


def test_a_bridge_without_a_number_has_nothing_behind_it_and_xen_takes_bus_0(
    worded: Worded,
) -> None:
    fake = host_with(0, 0, 0)
    through = scope(1, 0, (0x1C, 0), (0x19, 0))
    fake.files["/sys/firmware/acpi/tables/DMAR"] = table(
        UNIT, rmrr(0xAD800000, 0xAD80FFFF, through)
    )
    inventory = take_inventory(join(collect(fake)), Release(4, 17))
    (owner,) = inventory.all_regions[0].owners

    assert (owner.presence, owner.sbdf) == (Presence.ABSENT, None)
    worded(owner.reason)
    assert [str(sbdf) for sbdf in inventory.xen.devices] == ["0000:00:19.0"]


def test_two_spellings_of_a_function_are_one_function_and_a_problem() -> None:
    fake = made(REGION, functions=FUNCTIONS, kernel="6.1.0")
    names = fake.directories["/sys/bus/pci/devices"]
    assert isinstance(names, tuple)
    fake.calls.pop("udev-pci", None)
    fake.directories["/sys/bus/pci/devices"] = (*names, "00:19.0", "0A:00.0")
    for name in ("00:19.0", "0A:00.0"):
        for part, value in (
            ("class", b"0x020000\n"),
            ("vendor", b"0x8086\n"),
            ("device", b"0x1\n"),
        ):
            fake.files[f"/sys/bus/pci/devices/{name}/{part}"] = value
    joined = join(collect(fake))

    assert {str(sbdf) for sbdf in joined.topology.known} == {
        *(one.sbdf for one in FUNCTIONS),
        "0000:0a:00.0",
    }
    assert any("'00:19.0'" in line and "0000:00:19.0 is used" in line for line in joined.problems)
    assert any("'0A:00.0'" in line for line in joined.problems)
