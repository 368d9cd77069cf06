"""What a KVM guest cannot have because of what its devices are: SR-IOV, mappings, lists."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dmaragent.guests.device_mappings import DeviceMappings
from dmaragent.passthrough.model import Can
from dmaragent.readings import Missing, MissingKind
from support.explained import HIGH, NIC, grouped, made, told
from support.hosts import FakeHost, Function
from support.kvm import DISK, domain, hostdev, publishing, resolved

_PF = Function(sbdf="0000:02:00.0", driver="ixgbe", total_vfs=7)
_VF = Function(sbdf="0000:02:10.0", driver="ixgbevf", physical_function=_PF.sbdf)
_VF_ADDRESS = "bus='0x02' slot='0x10' function='0x0'"
_PF_ADDRESS = "bus='0x02' slot='0x00' function='0x0'"
_CONF = "ostype: l26\nmemory: 2048\n{}\n"


def _host(physical: Function = _PF, virtual: Function = _VF) -> FakeHost:
    """Make a host with a device that has a virtual function, each in a group of its own."""
    host = publishing("", "IVRS", "6.12.0", physical, virtual)
    published = host.files["/sys/kernel/iommu_groups/12/reserved_regions"]
    grouped(host, g12=[DISK.sbdf], g13=[physical.sbdf], g14=[virtual.sbdf])
    for group in (12, 13, 14):
        host.files[f"/sys/kernel/iommu_groups/{group}/reserved_regions"] = published
    return host


def _deciders(text: str, host: FakeHost) -> list[tuple[str, str]]:
    reasons = resolved(text, host).reasons
    return [(one.decider.value, one.effect.value) for one in reasons]


@pytest.mark.parametrize("order", [(_PF_ADDRESS, _VF_ADDRESS), (_VF_ADDRESS, _PF_ADDRESS)])
def test_a_guest_cannot_have_a_device_and_its_virtual_function(order: tuple[str, str]) -> None:
    text = domain("".join(map(hostdev, order)))

    assert ("Linux", "refused") in _deciders(text, _host())


def test_proxmox_takes_virtual_functions_of_a_slot_with_their_device() -> None:
    virtual = replace(_VF, sbdf="0000:02:00.2")

    assert ("Linux", "refused") in _deciders(
        _CONF.format("hostpci0: 02:00"), _host(virtual=virtual)
    )


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        (domain(hostdev(_VF_ADDRESS)), [("Linux", "refused")]),
        (_CONF.format("hostpci0: 02:10.0"), [("Linux", "refused")]),
        (_CONF.format("args: -device vfio-pci,host=02:10.0"), [("Linux", "refused")]),
        (
            _CONF.format("args: -device vfio-pci,host=02:10.0,vf-token=00000000-0000"),
            [("dmaragent", "undecided")],
        ),
    ],
)
def test_a_virtual_function_of_a_device_of_vfio_needs_its_token(
    setting: str, found: list[tuple[str, str]]
) -> None:
    host = _host(physical=replace(_PF, driver="vfio-pci"), virtual=replace(_VF, driver="vfio-pci"))

    assert _deciders(setting, host) == found


def test_a_token_may_be_needed_if_the_driver_of_the_device_was_not_read() -> None:
    host = _host()
    host.links[f"/sys/devices/pci0000:02/{_PF.sbdf}/driver"] = Missing(MissingKind.DENIED)

    assert _deciders(domain(hostdev(_VF_ADDRESS)), host) == [("dmaragent", "undecided")]


def test_a_token_is_for_functions_of_a_device_of_vfio() -> None:
    text = _CONF.format("args: -device vfio-pci,host=02:10.0,vf-token=00000000-0000")

    assert ("Linux", "refused") in _deciders(text, _host())


@pytest.mark.parametrize(
    ("kernel", "found"),
    [
        ("6.6.0", []),
        ("6.5.0", [("QEMU", "refused")]),
        ("5.14.0-503.el9.x86_64", [("dmaragent", "undecided")]),
        (None, [("dmaragent", "undecided")]),
    ],
)
def test_qemu_uses_iommufd_since_linux_6_6(
    kernel: str | None, found: list[tuple[str, str]]
) -> None:
    text = _CONF.format("args: -device vfio-pci,host=01:00.0,iommufd=i0")

    assert _deciders(text, publishing("", "IVRS", kernel)) == found


def test_a_device_that_libvirt_only_takes_meets_no_region() -> None:
    region = "0x0000000020000000 0x0000000020ffffff direct\n"
    unassigned = hostdev().replace("</hostdev>", "<address type='unassigned'/></hostdev>")
    host = publishing(region, "IVRS", "6.12.0")

    assert _deciders(domain(hostdev()), host) == [("Linux", "refused")]
    assert _deciders(domain(unassigned), host) == []


def _interface(address: str) -> str:
    return hostdev(address).replace(
        "hostdev mode='subsystem' type='pci'", "interface type='hostdev'"
    )


@pytest.mark.parametrize(
    ("address", "found"), [(_VF_ADDRESS, []), ("bus='0x01'", [("libvirt", "refused")])]
)
def test_an_interface_of_libvirt_is_a_virtual_function(
    address: str, found: list[tuple[str, str]]
) -> None:
    text = domain(_interface(address).replace("/hostdev", "/interface"))

    assert _deciders(text, _host()) == found


def test_whether_an_interface_is_a_virtual_function_may_be_unknown() -> None:
    host = _host()
    path = next(name for name in host.links if name.endswith("02:10.0/physfn"))
    host.links[path] = Missing(MissingKind.DENIED)
    host.files[path.replace("physfn", "config")] = Missing(MissingKind.DENIED)
    text = domain(_interface(_VF_ADDRESS).replace("/hostdev", "/interface"))

    assert _deciders(text, host) == [("dmaragent", "undecided")]


_IOMMU = "<iommu model='{}'><driver {}/></iommu>"
_ARG = (
    "</devices><qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{}'/></qemu:commandline>"
    "<devices>"
)

_GLOBAL = _ARG.replace("-device", "-global")


@pytest.mark.parametrize(
    ("iommu", "found"),
    [
        (_IOMMU.format("intel", "intremap='on'"), [("QEMU", "refused")]),
        (_IOMMU.format("intel", "intremap='on' caching_mode='on'"), []),
        ("<iommu model='intel'/>", [("QEMU", "refused")]),
        ("<iommu model='amd'/>", [("dmaragent", "undecided")]),
        ("<iommu model='virtio'/>", []),
        (_ARG.format("intel-iommu,intremap=on"), [("QEMU", "refused")]),
        (_ARG.format('{"driver":"intel-iommu","caching-mode":true}'), []),
        (_ARG.format("intel-iommu,caching-mode=on"), []),
        (_ARG.format("amd-iommu"), [("dmaragent", "undecided")]),
        (_ARG.format("intel-iommu") + _GLOBAL.format("intel-iommu.caching-mode=on"), []),
        (
            _ARG.format("intel-iommu")
            + _GLOBAL.format("driver=intel-iommu,property=caching-mode,value=on"),
            [],
        ),
        (
            _ARG.format("intel-iommu") + _GLOBAL.format("intel-iommu.caching-mode=off"),
            [("QEMU", "refused")],
        ),
        (
            _ARG.format("intel-iommu,caching-mode=off")
            + _GLOBAL.format("intel-iommu.caching-mode=on"),
            [("QEMU", "refused")],
        ),
    ],
)
def test_an_emulated_iommu_needs_its_caching_mode(iommu: str, found: list[tuple[str, str]]) -> None:
    assert _deciders(domain(hostdev() + iommu), _host()) == found
    assert _deciders(domain(iommu), _host()) == []


@pytest.mark.parametrize(
    ("machine", "found"),
    [
        ("q35,viommu=intel", []),
        ("pc,viommu=intel", [("Proxmox", "refused")]),
        ("viommu=intel", [("Proxmox", "refused")]),
        ("viommu=virtio", []),
    ],
)
def test_proxmox_emulates_the_iommu_of_intel_on_q35(
    machine: str, found: list[tuple[str, str]]
) -> None:
    assert _deciders(_CONF.format(f"machine: {machine}\nhostpci0: 01:00.0"), _host()) == found


def _without_remapping() -> FakeHost:
    host = _host()
    host.files["/proc/cmdline"] = b"ro intremap=off\n"
    host.files["/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"] = b"Y\n"
    return host


_FD = "<driver name='vfio' iommufd='yes'/></hostdev>"


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        (domain(hostdev()), "warning"),
        (domain(hostdev().replace("</hostdev>", _FD)), "undecided"),
        (_CONF.format("args: -device vfio-pci,host=01:00.0,iommufd=i0"), "undecided"),
    ],
)
def test_the_parameter_of_vfios_container_does_not_count_for_iommufd(
    text: str, effect: str
) -> None:
    assert [effect for _, effect in _deciders(text, _without_remapping())] == [effect]


# Proxmox binds groups and compares mappings

_MATE = Function(sbdf="0000:01:00.1", class_code=0x010601, driver="ahci")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (_CONF.format("hostpci0: 01:00.0"), [("Proxmox", "warning")]),
        (_CONF.format("hostpci0: 01:00.0,driver=keep"), [("Linux", "refused")]),
        (_CONF.format("args: -device vfio-pci,host=01:00.0"), [("Linux", "refused")]),
        (domain(hostdev()), [("Linux", "refused")]),
    ],
)
def test_proxmox_takes_the_rest_of_the_group_from_the_host(
    text: str, found: list[tuple[str, str]]
) -> None:
    assert _deciders(text, publishing("", "IVRS", "6.12.0", _MATE)) == found


def _mapped(entry: str, host: FakeHost) -> list[tuple[str, str]]:
    mappings = DeviceMappings(mappings=f"disk\n\tmap {entry},node=a\n", node="a")
    reasons = resolved(_CONF.format("hostpci0: mapping=disk"), host, mappings).reasons
    return [(one.decider.value, one.effect.value) for one in reasons]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("path=0000:01:00.0,id=8086:10d3,iommugroup=12", []),
        ("path=0000:01:00,id=0x8086:0x10d3,iommugroup=12", []),
        ("path=0000:01:00.0,id=8086:10d4,iommugroup=12", [("Proxmox", "refused")]),
        ("path=0000:01:00.0,id=8086:10d3,iommugroup=11", [("Proxmox", "refused")]),
        ("path=0000:01:00.0,id=8086:10d3", [("Proxmox", "refused")]),
        ("path=0000:01:00.0,iommugroup=12", [("Proxmox", "refused")]),
    ],
)
def test_a_mapping_is_of_the_device_and_group_that_the_host_has(
    entry: str, found: list[tuple[str, str]]
) -> None:
    assert _mapped(entry, _host()) == found


def test_a_mapping_is_not_compared_with_what_was_not_read() -> None:
    host = _host()
    for name in ("vendor", "config"):
        path = next(name for name in host.files if name.endswith("01:00.0/vendor"))
        host.files[path.replace("vendor", name)] = Missing(MissingKind.DENIED)

    assert _mapped("path=0000:01:00.0,id=8086:10d3,iommugroup=12", host) == [
        ("dmaragent", "undecided")
    ]


# Bridges

_BRIDGE = Function(sbdf="0000:00:1e.0", class_code=0x060400, secondary_bus=1)


def _behind(driver: str | Missing | None, kernel: str | None) -> FakeHost:
    bridge = replace(_BRIDGE, driver=driver if isinstance(driver, str) else None)
    host = publishing("", "IVRS", kernel, bridge)
    if isinstance(driver, Missing):
        host.links["/sys/devices/pci0000:00/0000:00:1e.0/driver"] = driver
    return host


@pytest.mark.parametrize(
    ("driver", "kernel", "found", "can"),
    [
        ("shpchp", "6.8.0", [("Linux", "refused")], Can.CONDITIONS),
        ("shpchp", "5.19.0", [("Linux", "refused")], Can.CONDITIONS),
        ("shpchp", "5.18.0", [], Can.YES),
        ("shpchp", None, [("dmaragent", "undecided")], Can.CONDITIONS),
        (Missing(MissingKind.DENIED), "6.8.0", [("dmaragent", "undecided")], Can.YES),
        (Missing(MissingKind.DENIED), "5.18.0", [], Can.YES),
        ("pcieport", "6.8.0", [], Can.YES),
        (None, "6.8.0", [], Can.YES),
        ("vfio-pci", "6.8.0", [], Can.YES),
    ],
)
def test_a_bridge_keeps_its_group_only_with_a_driver_of_its_own(
    driver: str | Missing | None, kernel: str | None, found: list[tuple[str, str]], can: Can
) -> None:
    host = _behind(driver, kernel)

    assert _deciders(domain(hostdev()), host) == found
    assert told(host, DISK.sbdf).linux.can is can


def test_proxmox_does_not_bind_the_bridges_of_a_group() -> None:
    bridge, mate = replace(_BRIDGE, driver="shpchp"), replace(DISK, sbdf="0000:01:00.1")
    host = publishing("", "IVRS", "6.8.0", bridge, mate)

    assert ("Linux", "refused") in _deciders(_CONF.format("hostpci0: 01:00.0"), host)


def test_a_bridge_with_a_driver_is_the_condition_that_explain_names() -> None:
    linux = told(_behind("shpchp", "6.8.0"), DISK.sbdf).linux

    assert "pcieport" in linux.explanation


_FLOPPY = "0x0000000000000000 0x0000000000ffffff direct-relaxable\n"


@pytest.mark.parametrize(
    ("mate", "region", "found"),
    [
        (0x060100, _FLOPPY, []),
        (0x0C0500, _FLOPPY, [("Linux", "warning")]),
        (0x060100, _FLOPPY.replace("ffffff", "fffff0"), [("Linux", "warning")]),
    ],
)
def test_the_range_of_the_floppy_is_no_region_of_firmware(
    mate: int, region: str, found: list[tuple[str, str]]
) -> None:
    bridge = Function(sbdf="0000:01:00.1", class_code=mate)

    assert _deciders(domain(hostdev()), publishing(region, "DMAR", "6.12.0", bridge)) == found


# The denylist of vfio-pci


def _accelerator(
    device: int, kernel: str, *, driver: str = "c6xx", options: str = "ro"
) -> FakeHost:
    one = replace(NIC, ids=(0x8086, device), class_code=0x0B4000, driver=driver)
    host = grouped(made(HIGH, functions=[one], kernel=kernel), g1=[one.sbdf])
    host.files["/proc/cmdline"] = f"{options}\n".encode()
    return host


@pytest.mark.parametrize(
    ("device", "kernel", "can"),
    [
        (0x37C8, "6.12.0", Can.NO),
        (0x0443, "5.9.0", Can.NO),
        (0x0B25, "6.9.0", Can.NO),
        (0x0B25, "6.1.0-30-amd64", Can.UNKNOWN),
        (0x37C9, "4.18.0-513.el8.x86_64", Can.UNKNOWN),
    ],
)
def test_vfio_does_not_bind_the_devices_of_its_list(device: int, kernel: str, can: Can) -> None:
    linux = told(_accelerator(device, kernel), "00:19.0").linux

    assert linux.can is can
    assert [case.title for case in linux.cases] == ["denylist"]


@pytest.mark.parametrize(
    "host",
    [
        lambda: _accelerator(0x37C8, "5.8.0"),
        lambda: _accelerator(0x37C7, "6.12.0"),
        lambda: _accelerator(0x37C8, "6.12.0", driver="vfio-pci"),
        lambda: _accelerator(0x37C8, "6.12.0", options="vfio-pci.disable_denylist=1"),
        lambda: _accelerator(0x37C8, "6.12.0", options="vfio_pci.disable_denylist"),
    ],
)
def test_the_list_does_not_count_for_others(host: Callable[[], FakeHost]) -> None:
    assert "denylist" not in [case.title for case in told(host(), "00:19.0").linux.cases]


def test_the_option_of_the_list_can_be_switched_off_again() -> None:
    options = "vfio_pci.disable_denylist=1 vfio_pci.disable_denylist=0"

    assert told(_accelerator(0x37C8, "6.12.0", options=options), "00:19.0").linux.can is Can.NO


def test_a_device_whose_driver_was_not_read_may_have_that_of_vfio() -> None:
    host = _accelerator(0x37C8, "6.12.0")
    path = next(path for path in host.links if path.endswith("00:19.0/driver"))
    host.links[path] = Missing(MissingKind.DENIED)

    assert told(host, "00:19.0").linux.can is Can.UNKNOWN


def test_an_option_that_was_not_read_may_switch_the_list_off() -> None:
    host = _accelerator(0x37C8, "6.12.0")
    host.files["/proc/cmdline"] = Missing(MissingKind.DENIED)

    assert told(host, "00:19.0").linux.can is Can.UNKNOWN


@pytest.mark.parametrize("name", ["vendor", "device"])
def test_an_accelerator_with_unread_ids_may_be_on_the_list(name: str) -> None:
    host = _accelerator(0x37C8, "6.12.0")
    path = next(path for path in host.files if path.endswith(f"00:19.0/{name}"))
    host.files[path] = Missing(MissingKind.DENIED)

    assert told(host, "00:19.0").linux.can is Can.UNKNOWN
