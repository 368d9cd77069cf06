"""Advice that took an unknown class of a device, or an unknown vendor, for a known one."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.host import Host, join
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.region_coverage import coverage_of
from dmaragent.policy.host_facts import facts_of
from dmaragent.policy.resolution import Stack
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.remedies.devices.linux import warning_to_owner
from support.amd_inventories import WIDE, amd_host
from support.explained import NIC, made, told
from support.hosts import fake_host
from support.wording import Worded


def of_class(host: Host, name: str, class_code: int | None) -> Host:
    """Return `host` with this class of the function `name`."""
    sbdf = SBDF.parse(name)
    functions = host.topology.functions
    assert not isinstance(functions, Missing)
    changed = functions[sbdf]._replace(class_code=class_code)
    return host._replace(topology=host.topology._replace(functions={**functions, sbdf: changed}))


@pytest.mark.parametrize(
    ("class_code", "warned"), [(0x010802, True), (None, True), (0x020000, False)]
)
def test_a_device_of_unknown_class_may_have_the_hosts_disks(
    class_code: int | None,
    warned: bool,  # noqa: FBT001 - a column of the table
    worded: Worded,
) -> None:
    release = Release.parse("4.17")
    inventory = take_inventory(of_class(join(collect(made())), NIC.sbdf, class_code), release)
    device = DeviceContext(
        sbdf=SBDF.parse(NIC.sbdf),
        inventory=inventory,
        facts=facts_of(inventory, release),
        stack=Stack(release=release, hypervisor=release),
    )

    warning = warning_to_owner(device, "the host")

    assert bool(warning) is warned
    worded(warning)


@pytest.mark.parametrize(("known", "warned"), [(False, True), (True, False)])
def test_a_storage_controller_whose_driver_is_unknown_may_have_the_hosts_disks(
    known: bool,  # noqa: FBT001 - a column of the table
    warned: bool,  # noqa: FBT001 - likewise
) -> None:
    release = Release.parse("4.17")
    host = of_class(join(collect(made())), NIC.sbdf, 0x010601)
    sbdf = SBDF.parse(NIC.sbdf)
    controller = host.topology.known[sbdf]._replace(driver=None, driver_known=known)
    functions = {**host.topology.known, sbdf: controller}
    host = host._replace(topology=host.topology._replace(functions=functions))
    inventory = take_inventory(host, release)
    facts, stack = facts_of(inventory, release), Stack(release=release, hypervisor=release)
    device = DeviceContext(sbdf=sbdf, inventory=inventory, facts=facts, stack=stack)

    assert bool(warning_to_owner(device, "the host")) is warned


def test_an_iommu_of_unknown_vendor_gets_no_option_of_intels(worded: Worded) -> None:
    fake = fake_host([NIC], {})
    fake.directories["/sys/kernel/iommu_groups"] = ()
    fake.files["/proc/cmdline"] = b"BOOT_IMAGE=/vmlinuz quiet\n"
    fake.files["/sys/hypervisor/type"] = Missing(MissingKind.ABSENT)

    (remedy,) = [one for one in told(fake).remedies if "IOMMU" in one.title]

    assert remedy.lines == ()
    worded(remedy.explanation)


def test_a_function_of_unknown_class_may_be_a_device_that_linux_does_not_block() -> None:
    """The blocks are for the buses 0 to 15, and 11:00.0 is on bus 17."""
    free = coverage_of(take_inventory(amd_host(*WIDE)), ())
    unknown = coverage_of(take_inventory(of_class(amd_host(*WIDE), "11:00.0", None)), ())
    bridge = coverage_of(take_inventory(of_class(amd_host(*WIDE), "11:00.0", 0x060400)), ())

    nic = (SBDF.parse("11:00.0"),)
    assert (free.free, free.unknown, free.all_blocked) == (nic, (), False)
    assert (unknown.free, unknown.unknown, unknown.all_blocked) == ((), nic, False)
    assert (bridge.free, bridge.unknown, bridge.all_blocked) == ((), (), True)
