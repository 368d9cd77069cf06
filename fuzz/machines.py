"""Recorded machines: a manifest and files, as one text of parts.

A part begins with a line ``=== PATH``. A hash in the manifest that is ``right`` is replaced by the
hash of the file. So a mutated file is read, and not rejected because of its hash.
"""

import re
from hashlib import sha256

from dmaragent.collect.formats.archive import DEEPEST
from dmaragent.collect.formats.members import LONGEST_NAME
from dmaragent.collect.formats.tree import PackedTree
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.host import RecordedHost
from dmaragent.collect.recorded.recording import record
from dmaragent.errors import HostError
from fuzz.hosts import check_host
from fuzz.kinds import Kind, as_text, hold
from support.checked import FUNCTIONS, MAP
from support.hosts import FakeHost, Function, add_memory_map, fake_host
from support.tables import andd, drhd, rmrr, scope, table

_PART = re.compile(rb"^=== ([^\n]*)\n", re.MULTILINE)
_HASH = re.compile(rb'"[0-9a-f]{64}"')
_RIGHT = b'"right"'
_WHERE = "machine"


def pack(files: dict[str, bytes]) -> bytes:
    """Return one text with the files of a recording."""
    parts = []
    for name, content in sorted(files.items()):
        shown = _HASH.sub(_RIGHT, content) if name == manifest.NAME else content
        parts.append(f"=== {name}\n".encode("utf-8", "surrogateescape") + shown)
    return b"\n".join(parts)


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the files in a text of parts; the last one with a name counts."""
    found = list(_PART.finditer(data))
    ends = [*(each.start() - 1 for each in found[1:]), len(data)][: len(found)]
    files = {
        as_text(each[1]): data[each.end() : max(end, each.end())]
        for each, end in zip(found, ends, strict=True)
    }
    hashes = {f'"{name}"': sha256(content).hexdigest() for name, content in files.items()}
    if manifest.NAME in files:
        lines = files[manifest.NAME].split(b"\n")
        files[manifest.NAME] = b"\n".join(_with_hash(line, hashes) for line in lines)
    return files


_NAMED = re.compile(rb'"operation": "(read|link|call)", "path": "([^"\\]*)"')


def _with_hash(line: bytes, hashes: dict[str, str]) -> bytes:
    found = _NAMED.search(line) if _RIGHT in line else None
    if found is None:
        return line
    name = "calls/" if found[1] == b"call" else "root"
    digest = hashes.get(f'"{name}{as_text(found[2])}"', "")
    return line.replace(_RIGHT, f'"{digest}"'.encode())


def check(data: bytes) -> None:
    """Open `data` as a recorded machine, and check the promises about every host."""
    tree = PackedTree()
    files = unpack(data)
    for name, content in files.items():
        if len(name) > LONGEST_NAME or name.count("/") >= DEEPEST:
            return  # an archive is rejected earlier for this, and a file system has no such path
        try:
            tree.add_file(name, content)
        except ValueError:
            return  # neither a file system nor an archive can contain this
    try:
        log = manifest.load_manifest(files.get(manifest.NAME, b""), _WHERE)
        host = RecordedHost(_WHERE, tree, log)
        check_host(host, data)
    except HostError as error:
        hold(error.message.startswith(f"{_WHERE}: "), f"no clear error: {error.message}")


def small_host() -> FakeHost:
    """Return a host with one device and its region."""
    functions = [Function(sbdf="0000:00:1d.0", class_code=0x0C0320, driver="ehci-pci")]
    data = table(drhd(0xFED90000, flags=1), rmrr(0x3C000000, 0x3C0FFFFF, scope(1, 0, (0x1D, 0))))
    return fake_host(functions, {"DMAR": data})


def large_host() -> FakeHost:
    """Return a host with six devices and everything around them."""
    device, behind = scope(1, 0, (0x1D, 0)), scope(1, 0, (0x1C, 0), (0, 0))
    structures = (
        *(drhd(0xFED90000, behind), drhd(0xFED91000, flags=1), andd(1, b"\\_SB.I2C0\0")),
        *(rmrr(0x7B800000, 0x7B80FFFF, device), rmrr(0x7C000000, 0x7C00FFFF, behind, device)),
    )
    host = fake_host(list(FUNCTIONS), {"DMAR": table(*structures)})
    add_memory_map(host, MAP)
    groups = "/sys/kernel/iommu_groups"
    host.directories |= {
        groups: ("0", "1"),
        f"{groups}/0/devices": ("0000:00:1d.0", "0000:00:1a.0"),
        f"{groups}/1/devices": ("0000:02:00.0",),
        "/sys/bus/pci/slots": ("4",),
        "/sys/bus/pci/drivers/pciback": ("0000:00:1a.0", "bind"),
    }
    host.files |= {
        f"{groups}/0/reserved_regions": b"0x000000007b800000 0x000000007b80ffff direct\n",
        f"{groups}/1/reserved_regions": b"0x00000000fee00000 0x00000000feefffff msi\n",
        "/sys/bus/pci/slots/4/address": b"0000:02:00\n",
        "/sys/class/dmi/id/sys_vendor": b"HPE\n",
        "/sys/class/dmi/id/product_name": b"ProLiant\n",
        "/proc/cpuinfo": b"vendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor\n",
        "/proc/cmdline": b"intel_iommu=on iommu=pt\n",
        "/proc/sys/kernel/osrelease": b"6.1.0\n",
    }
    return host


def xen_host() -> FakeHost:
    """Return the same host under Xen, with an answer to every question of the collector."""
    host = large_host()
    host.files |= {
        "/sys/hypervisor/type": b"xen\n",
        "/sys/hypervisor/version/major": b"4\n",
        "/sys/hypervisor/version/minor": b"17\n",
        "/sys/hypervisor/version/extra": b".1\n",
        "/proc/xen/capabilities": b"control_d\n",
    }
    host.calls |= {
        "xl-info": b"virt_caps : hvm hvm_directio\nxen_commandline : rmrr=0x7b800=0:1d.0\n",
        "xen-rdm": b'{"entries": [[505856, 16], [507904, 16]]}',
        "xen-rdm-devices": b'{"devices": {"0000:00:1d.0": [[505856, 16]], "0000:02:00.0": null}}',
        "boot-log": b"DMAR: [Firmware Bug]: RMRR entry for device 02:00.0 is broken - applying "
        b"workaround\nBIOS-e820: [mem 0x0-0xfff] reserved\nDMAR: DRHD: handling fault status "
        b"reg 3\nDMAR: [DMA Read] Request device [02:00.0] fault addr 7b800000 [fault reason 06]\n",
        "resources": b'{"memory_total": 8589934592, "boot_time": 1700000000}',
    }
    return host


def seeds() -> list[bytes]:
    """Return a host with one device, one with six, and the same under Xen."""
    return [pack(record(host)[1]) for host in (small_host(), large_host(), xen_host())]


WORDS = (
    *(b"\n=== ", b"=== root/", b"=== manifest.json\n", b'"outcome": "value"', b'"right"', b"\0"),
    *(b'"outcome": "denied"', b'"outcome": "absent"', b'"outcome": "failed"', b'"entries": []'),
    *(b'"outcome": "not-collected"', b"root/sys/firmware/acpi/tables/DMAR", b"0000:00:1d.0"),
    *(b"0x060400\n", b"0xffffff\n", b"-1\n", b"255\n", b"[[1, 1]]", b"null", b'"names": {}', b"{}"),
    *(b"\x1b[2J", b"\xe2\x80\xae", b"\xff", b"<script>", b"99999999999999999999", b"10000:00:00.0"),
    *(b"DMAR", b"RMAD", b"\x01\x00\x18\x00", b"\x00\x00\x10\x00", b"\x01\x08\0\0\0\0\x1d\0"),
)

KIND = Kind(name="machines", check=check, seeds=seeds, words=WORDS, text=True, largest=32768)
