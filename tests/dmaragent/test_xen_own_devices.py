"""Devices that Xen uses itself, and hosts of which only the kernel's log shows Xen."""

from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF
from dmaragent.host.parse import Problems
from dmaragent.host.xen import join_xen
from dmaragent.passthrough.model import Can
from dmaragent.readings import NOT_COLLECTED, Missing, MissingKind, XenReading
from dmaragent.xen.hypervisor.own_devices import own_devices
from support.explained import HIGH, NIC, UNIT, USB, made, told
from support.hosts import FakeHost, fake_host
from support.tables import rmrr, scope, table

_XHCI = replace(USB, class_code=0x0C0330)


def _host(options: str, *structures: bytes) -> FakeHost:
    host = made(*(structures or (HIGH,)), functions=[NIC, _XHCI])
    host.files["/sys/hypervisor/type"] = b"xen\n"
    host.files["/proc/xen/capabilities"] = b"control_d\n"
    host.calls["xl-info"] = (
        f"virt_caps              : hvm hvm_directio pv hap\nxen_commandline        : {options}\n"
    ).encode()
    return host


@pytest.mark.parametrize(
    ("options", "can"),
    [
        ("dbgp=xhci", Can.UNKNOWN),
        ("dbgp=xhci1,share=no", Can.UNKNOWN),
        (f"dbgp=xhci@pci{USB.sbdf[5:]}", Can.NO),
        (f"dbgp=xhci@pci{USB.sbdf}", Can.NO),
    ],
)
def test_xens_debug_port_goes_to_no_guest(options: str, can: Can) -> None:
    assert told(_host(options), USB.sbdf).xen.can is can


def test_no_fix_of_regions_is_offered_for_a_device_that_xen_uses_itself() -> None:
    named = rmrr(0xA0000000, 0xA000FFFF, scope(1, 0, (0x1D, 0)))
    host = _host(f"dbgp=xhci@pci{USB.sbdf}", named)

    assert told(host, USB.sbdf).xen.can is Can.NO
    assert [one.title for one in told(host, USB.sbdf).remedies] == []
    assert told(_host("dbgp=xhci,share=yes", named), USB.sbdf).remedies


@pytest.mark.parametrize(
    "options", ["dbgp=xhci,share=yes", "dbgp=ehci", "dbgp=xhci@pci00:01.0", "com1=115200,8n1", ""]
)
def test_other_devices_and_a_shared_port_are_not_xens(options: str) -> None:
    shown = told(_host(options), USB.sbdf).xen

    assert shown.can is told(_host(""), USB.sbdf).xen.can
    assert "itself" not in shown.explanation


@pytest.mark.parametrize(
    ("option", "sbdf", "code", "found"),
    [
        ("dbgp=ehci", "0000:00:1d.0", 0x0C0320, None),
        ("dbgp=ehci0", "0000:00:1d.0", None, None),
        ("dbgp=ehci", "0000:00:1d.0", 0x0C0330, False),
        ("dbgp=ehci@pci00:1d.0", "0000:00:1d.0", 0x0C0320, True),
        ("com1=115200,8n1,pci", "0000:05:00.0", 0x070002, None),
        ("com2=115200,8n1,amt", "0000:00:16.3", 0x070002, None),
        ("com1=device=amt,baud=115200", "0000:00:16.3", 0x070002, None),
        ("com1=115200,8n1,pci", "0000:05:00.0", 0x020000, False),
    ],
)
def test_an_option_is_about_devices_of_its_class(
    option: str,
    sbdf: str,
    code: int | None,
    found: bool | None,  # noqa: FBT001 - a parameter of the test
) -> None:
    (own,) = own_devices(option)

    assert own.may_be(SBDF.parse(sbdf), code) is found


def test_ports_at_io_addresses_are_no_devices() -> None:
    assert own_devices("com1=115200,8n1,0x3f8 console=com1 dbgp=xhci,share=on") == ()


# The kernel's log

_NOTHING = XenReading(
    hypervisor_type=NOT_COLLECTED,
    version=(NOT_COLLECTED,) * 3,
    guest_type=NOT_COLLECTED,
    capabilities=NOT_COLLECTED,
    info=NOT_COLLECTED,
    reserved_memory=NOT_COLLECTED,
    device_reserved_memory=NOT_COLLECTED,
    assignable=NOT_COLLECTED,
)


@pytest.mark.parametrize(
    ("line", "guest_type"), [("Xen PV", "PV"), ("Xen HVM", None), ("Xen PVH", None)]
)
def test_the_kernels_log_shows_that_it_runs_on_xen(line: str, guest_type: str | None) -> None:
    log = f"[    0.000000] BIOS-e820: x\n[    0.000000] Hypervisor detected: {line}\n".encode()

    xen = join_xen(_NOTHING, Problems(), log)

    assert xen is not None
    assert (xen.dom0, xen.guest_type, xen.capabilities) == (None, guest_type, None)


@pytest.mark.parametrize(
    "log",
    [
        b"[    0.000000] Hypervisor detected: KVM\n",
        b"[    0.000000] Hypervisor detected: Xen",
        Missing(MissingKind.DENIED),
        b"",
    ],
)
def test_another_log_does_not_show_xen(log: bytes | Missing) -> None:
    assert join_xen(_NOTHING, Problems(), log) is None


def test_a_host_that_only_its_table_shows_to_run_xen_has_unknown_capabilities() -> None:
    """Xen renames the table with its IOMMU off too: drivers/passthrough/vtd/dmar.c."""
    content = table(UNIT, signature=b"RMAD")
    host = fake_host([NIC, USB], {"RMAD": content})
    host.complete = ("/sys/devices/", "/sys/bus/pci/devices")

    assert told(host, NIC.sbdf).xen.can is Can.UNKNOWN
