"""Hosts and guests that reports are made of."""

from pathlib import Path

from dmaragent.collect.recorded.recording import record, write_files
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.tables import andd, drhd, rmrr, scope, table

HOSTILE = '"></title></script></style><img src=x onerror=alert(1)>'
GUEST = """\
name = "win10"
type = "hvm"
memory = 4096
rdm = "strategy=host"
pci = [ "0a:00.0,rdm_policy=relaxed", "81:00.0" ]
"""
RELAXED = """\
name = "win10"
type = "hvm"
memory = 4096
pci = [ "0a:00.0,rdm_policy=relaxed" ]
"""
"""Of the HP server: it starts, with its regions hidden from it."""


def hostile_host() -> FakeHost:
    """Make a host whose every name is an attack on a page."""
    name = HOSTILE.encode()
    data = table(
        drhd(0xFED91000, scope(5, 0, (0x1E, 0), enumeration_id=1), flags=1),
        andd(1, name + b"\0"),
        rmrr(0x1000000, 0x100FFFF, scope(1, 0, (2, 0))),
    )
    names = {"ID_MODEL_FROM_DATABASE": HOSTILE, "ID_VENDOR_FROM_DATABASE": HOSTILE}
    host = fake_host([Function(sbdf="0000:00:02.0", driver=HOSTILE, names=names)], {"DMAR": data})
    add_memory_map(host, ["0x0 0x9ffff System RAM", f"0x1000000 0x1ffffff {HOSTILE}"])
    host.files |= {
        "/sys/class/dmi/id/sys_vendor": name,
        "/sys/class/dmi/id/product_name": name,
        "/sys/class/dmi/id/bios_version": name,
        "/proc/sys/kernel/osrelease": name,
        "/proc/cmdline": b"intel_iommu=" + name.replace(b" ", b"/"),
        "/sys/hypervisor/type": b"xen\n",
        "/proc/xen/capabilities": b"control_d\n",
        "/sys/hypervisor/version/extra": name,
    }
    return host


def hostile_guest() -> str:
    """Write a guest whose name is an attack on a page."""
    quoted = HOSTILE.replace('"', "'")
    return f'name = "{quoted}"\ntype = "hvm"\nmemory = 4096\npci = [ "00:02.0" ]\n'


def recorded(host: FakeHost, folder: Path) -> Path:
    """Write the recording of a made-up host below `folder`."""
    write_files(record(host)[1], str(folder / "machine"))
    return folder / "machine"
