"""A Proxmox VMID.conf is read as qemu-server reads it for the next start of the guest."""

from pathlib import Path

import pytest

from dmaragent.addresses import MIB
from dmaragent.commands.shared.guest_files import named_guests
from dmaragent.errors import DmaragentError
from dmaragent.guests.device_mappings import DeviceMappings
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from support.cli import run
from support.machines import MACHINES
from support.wording import Worded

GPU = """\
# a guest with a card
#
agent: 1
bios: ovmf
boot: order=scsi0;net0
cores: 8
cpu: host
efidisk0: local-lvm:vm-101-disk-0,efitype=4m,size=4M
hostpci0: 0000:0a:00,pcie=1,x-vga=1
hostpci1: 00:1a.0
machine: pc-q35-8.1
memory: 8192
meta: creation-qemu=8.1.2,ctime=1700000000
name: win10
net0: virtio=BC:24:11:00:00:01,bridge=vmbr0
numa: 0
ostype: win10
scsi0: local-lvm:vm-101-disk-1,size=64G
scsihw: virtio-scsi-single
smbios1: uuid=11111111-2222-3333-4444-555555555555
sockets: 1
vmgenid: 11111111-2222-3333-4444-555555555555
"""


def _guest(text: str, source: str = "101.conf") -> KvmGuest:
    (guest,) = read_all_guests(text, source)
    assert isinstance(guest, KvmGuest)
    return guest


def _given(text: str) -> list[str]:
    found = _guest(f"ostype: l26\nmemory: 2048\n{text}\n").devices
    return [str(one.sbdf)[:-1] + "*" if one.all_functions else str(one.sbdf) for one in found]


def test_a_guest_is_read_whole() -> None:
    guest = _guest(GPU)

    assert (guest.name, guest.machine, guest.memory) == ("win10", "pc-q35-8.1", 8192 * MIB)
    assert [(str(one.sbdf), one.all_functions, one.place) for one in guest.devices] == [
        ("0000:0a:00.0", True, "101.conf:9"),
        ("0000:00:1a.0", False, "101.conf:10"),
    ]
    assert (guest.unknown, guest.notes) == ((), ())


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("hostpci0: 0a:00.0", ["0000:0a:00.0"]),
        ("hostpci0: host=0a:00.0,pcie=1", ["0000:0a:00.0"]),
        ("hostpci0: pcie=1,host=0000:0a:00", ["0000:0a:00.*"]),
        ("hostpci0: 0a:00.0;0a:00.1,rombar=0", ["0000:0a:00.0", "0000:0a:00.1"]),
        ("hostpci0: 01:00;02:00.1", ["0000:01:00.*", "0000:02:00.1"]),
        ("hostpci0: 10000:e1:00.0", ["10000:e1:00.0"]),
        ("hostpci0: ,0a:00.0, ,pcie=1,", ["0000:0a:00.0"]),  # empty parts are skipped
        ("hostpci0: 0a:00.0,host=0b:00.0", []),  # with a key twice, Proxmox drops the line
        ("hostpci15: 0a:00.0", ["0000:0a:00.0"]),
        ("hostpci0: 0a:00.0,mdev=nvidia-63", []),
        ("#hostpci0: 0a:00.0", []),
        ("args: -device vfio-pci,host=0a:00.1,id=x", ["0000:0a:00.1"]),
        ("args: -device 'vfio-pci,host=0a:00.1' -cpu host", ["0000:0a:00.1"]),
        ("args: -cpu host,kvm=off", []),
        ("args: -device vfio-pci-nohotplug,host=0a:00.1", ["0000:0a:00.1"]),
        ("args: -device vfio-pci,host=0a:1f.7", ["0000:0a:1f.7"]),
    ],
)
def test_the_addresses_of_hostpci(line: str, given: list[str]) -> None:
    assert _given(line) == given


@pytest.mark.parametrize(
    ("lines", "is_proxmox"),
    [
        (["ostype: l26", "memory: 1", "name: a", "cores: 1", "not a setting"], True),
        (["ostype: l26", "memory: 1", "name: a", "not a setting"], False),
        (["ostype: l26", "memory: 1", "one: 1", "two: 2"], True),
        (["ostype: l26", "one: 1", "two: 2"], False),
        (["memory: 1", "name: a", "cores: 1"], False),
    ],
    ids=["one in five", "one in four", "half", "a third", "none that is rare elsewhere"],
)
def test_a_text_is_proxmoxs_by_its_lines(lines: list[str], *, is_proxmox: bool) -> None:
    text = "\n".join((*lines, ""))
    if is_proxmox:
        assert _guest(text).memory == MIB
    else:
        with pytest.raises(DmaragentError):
            read_all_guests(text, "101.conf")


@pytest.mark.parametrize(
    "section", ["[before-update]", "[special:cloudinit]", "[?]", "[PENDING]\n[?]"]
)
def test_snapshots_and_other_sections_are_ignored(section: str) -> None:
    guest = _guest(f"{GPU}\n{section}\nmemory: 512\nhostpci2: 01:00\nnot a setting\n")

    assert (guest.memory, len(guest.devices)) == (8192 * MIB, 2)


@pytest.mark.parametrize(
    ("memory", "mib"), [("current=4096", 4096), ("4096,current=2048", 512), ("current=1,1", 512)]
)
def test_of_a_value_with_a_key_twice_the_default_counts(memory: str, mib: int) -> None:
    guest = _guest(f"ostype: l26\nmemory: {memory}\n")

    assert guest.memory == mib * MIB
    assert [note.place for note in guest.notes] == (["101.conf:2"] if mib == 512 else [])


def test_a_value_that_proxmox_drops_leaves_an_earlier_one() -> None:
    guest = _guest(
        "machine: q35\nmachine: pc,type=q35\nmemory: 8192\nmemory: 1,current=2\n"
        "hostpci0: 0a:00.0,pcie=1\nhostpci0: 0b:00.0,host=0c:00.0\n"
    )

    assert (guest.machine, guest.memory, guest.refusals) == ("q35", 8192 * MIB, ())
    assert [(str(one.sbdf), one.place) for one in guest.devices] == [("0000:0a:00.0", "101.conf:5")]
    assert [note.place for note in guest.notes] == ["101.conf:2", "101.conf:4", "101.conf:6"]


@pytest.mark.parametrize(
    "line",
    [
        "hostpci0: mapping=gpu,pcie=1",
        "hostpci0: 0A:00.0",
        "hostpci0: 0a:20.0",
        "hostpci0: 0a:00.9",
        "hostpci0: pcie=1",
        "hostpci0: 0a:00.0;",
        "hostpci0: 0a:00.0,pcie=1,pcie=1",
        "hostpci0: 0a:00.0, pcie=1",  # the key is " pcie"
        "hostpci0: 0a:00.0,foo=1",
        "hostpci0: 0a:00.0,pcie=maybe",
        "hostpci0: 0a:00.0,pcie=",
        "hostpci0: 0a:00.0,=1",
        "hostpci0: ,",
        'args: -device "vfio-pci,host=0a:00.0',
        "args: -m 4096",
        "args: -readconfig /etc/qemu.cfg",
        "args: -device vfio-pci,host=0a:20.0",
        "args: -device vfio-pci-nohotplug,id=x",
        "args: -global nvme.x=1 -vga host=0a:00.0",
        "memory: lots",
    ],
)
def test_what_cannot_be_known_is_said(line: str) -> None:
    guest = _guest(f"ostype: l26\nsockets: 1\n{line}\n")

    assert [one.place for one in guest.unknown] == ["101.conf:3"]


@pytest.mark.parametrize(
    "lines",
    [
        "hostpci0: 0a:00.0,pcie=1",
        "hostpci0: 0a:00.0,pcie=on\nmachine: pc-i440fx-9.0",
        "hostpci0: host=0a:00.0,mapping=gpu",
        "memory: 4096\nhotplug: memory",  # without numa: 1
        "memory: 4096\nhotplug: memory\nnuma: 0",
        "memory: 512\nhotplug: memory\nnuma: 1",  # less than it starts with
        "memory: 1300\nhotplug: memory\nnuma: 1",  # 1024 + 512 is more
        "memory: 18000\nhotplug: memory\nnuma: 1",  # the 33rd device has 1024 MiB
        "memory: 1024\nhotplug: memory\nnuma: 1\nhugepages: 1024\nsockets: 2",
        "memory: 4096\nhotplug: memory\nnuma: 1\nnuma0: cpus=0,memory=1024",
        "memory: 4096\nhotplug: memory\nnuma: 1\nvirtiofs0: share",
        "memory: 4096\nhugepages: 2",
    ],
)
def test_what_proxmox_refuses(lines: str, worded: Worded) -> None:
    guest = _guest(f"ostype: l26\nsockets: 1\n{lines}\n")

    assert len(guest.refusals) == 1
    worded(guest.refusals[0].text)


@pytest.mark.parametrize(
    "lines",
    [
        "hostpci0: 0a:00.0,pcie=1\nmachine: q35",
        "hostpci0: 0a:00.0,pcie=1\nmachine: pc-q35-8.1+pve0,viommu=intel",
        "hostpci0: 0a:00.0,pcie=0",
        "memory: 1024\nhotplug: memory\nnuma: 1",
        "memory: 1536\nhotplug: memory\nnuma: 1",
        "memory: 18432\nhotplug: memory\nnuma: 1",  # 1024 + 32 * 512 + 1024
        "memory: 4096\nhotplug: network,disk",
        "memory: 4096\nhotplug: 1",
        "memory: 4096\nhotplug: memory\nnuma: 1\nnuma8: cpus=0,memory=1024",  # no such node
        "memory: 2048\nhotplug: memory\nnuma: 1\nhugepages: 1024",
        "memory: 4096\nhugepages: 2\nnuma: 1",
    ],
)
def test_what_proxmox_does_not_refuse(lines: str) -> None:
    assert _guest(f"ostype: l26\nsockets: 1\n{lines}\n").refusals == ()


@pytest.mark.parametrize(
    "lines",
    [
        "memory: 1536\nhotplug: memory\nnuma: 1\nhugepages: 1024",  # devices of whole GiB
        "memory: 4096\nhugepages: 2\nnuma: 0",
    ],
)
def test_huge_pages_that_do_not_fit_are_refused(lines: str) -> None:
    assert len(_guest(f"ostype: l26\nsockets: 1\n{lines}\n").refusals) == 1


def test_proxmox_does_not_bind_a_device_whose_driver_is_kept() -> None:
    lines = "hostpci0: 0a:00.0,driver=keep\nhostpci1: 0b:00.0,driver=vfio\nhostpci2: 0c:00.0"
    devices = _guest(f"ostype: l26\nmemory: 512\n{lines}\n").devices

    assert [device.managed for device in devices] == [False, True, True]


def test_a_vgpu_of_nvidia_may_be_a_virtual_function(worded: Worded) -> None:
    guest = _guest("ostype: l26\nmemory: 512\nhostpci0: 0a:00.4,mdev=nvidia-63\n")

    assert (guest.devices, guest.notes) == ((), ())
    worded(guest.unknown[0].text)
    intels = _guest("ostype: l26\nmemory: 512\nhostpci0: 00:02.0,mdev=i915-GVTg_V5_4\n")
    assert (len(intels.notes), intels.unknown) == (1, ())


@pytest.mark.parametrize(
    ("lines", "memory", "more"),
    [
        ("memory: 4096", 4096 * MIB, False),
        ("memory: current=4096", 4096 * MIB, False),
        ("cores: 1", 512 * MIB, False),
        ("memory: 4096\nballoon: 1024", 4096 * MIB, False),
        ("memory: 8192\nhotplug: disk,memory\nnuma: 1", 1024 * MIB, True),
        ("memory: 8192\nhotplug: disk, memory\nnuma: 1", 1024 * MIB, True),
        ("memory: 8192\nhotplug: disk;memory\nnuma: 1", 1024 * MIB, True),
        ("memory: 8192\nhotplug: disk memory\nnuma: 1", 1024 * MIB, True),
        ("memory: 8192\nhotplug: disk,network", 8192 * MIB, False),
        ("memory: 8192\nhotplug: memory\nhugepages: 1024\nnuma: 1\nsockets: 2", 2048 * MIB, True),
        ("memory: 8192\nhotplug: memory\nhugepages: 1024\nnuma: 1\nsockets: 0", 1024 * MIB, True),
        ("memory: 8192\nhotplug: memory\nhugepages: 1024\nnuma: 1\nsockets: x", 1024 * MIB, True),
        ("memory: 8192\nhotplug: memory\nhugepages: 2\nnuma: 1\nsockets: 2", 1024 * MIB, True),
        ("memory: 1024\nhotplug: memory\nnuma: 1", 1024 * MIB, True),  # and may get more
    ],
)
def test_the_memory_that_qemu_starts_with(lines: str, memory: int, more: bool) -> None:  # noqa: FBT001
    guest = _guest(f"ostype: l26\n{lines}\n")

    assert (guest.memory, guest.more_memory) == (memory, more)


@pytest.mark.parametrize(
    ("lines", "machine"),
    [
        ("memory: 1024", "pc"),
        ("machine: q35", "q35"),
        ("machine: type=q35,viommu=intel", "q35"),
        ("machine: pc-i440fx-8.1+pve0", "pc-i440fx-8.1+pve0"),
        ("arch: aarch64", "virt"),
        ("args: -machine type=q35,kernel_irqchip=on", "q35"),
        ("machine: q35\nargs: -machine pc -M kernel_irqchip=on", "pc"),
        ("machine: q35\nargs: -M pc-i440fx-8.1 -cpu host", "pc-i440fx-8.1"),
        ("machine: q35\nargs: -machine max-ram-below-4g=1G", "q35"),
    ],
)
def test_the_machine_type(lines: str, machine: str) -> None:
    assert _guest(f"ostype: l26\n{lines}\n").machine == machine


def test_line_ends_of_dos_change_nothing() -> None:
    assert _guest(GPU.replace("\n", "\r\n")) == _guest(GPU)


@pytest.mark.parametrize(
    "text",
    [
        "arch: amd64\ncores: 2\nhostname: web\nmemory: 512\nostype: debian\nrootfs: local:1\nswap: 0\n",
        "hostname: web\nrootfs: local:1\n",
    ],
)
def test_a_container_is_named_as_one(text: str) -> None:
    with pytest.raises(DmaragentError, match="container"):
        read_all_guests(text, "100.conf")


_MAPPING = """\
gpu
\tdescription the card
\tmap id=10de:1eb8,iommugroup=12,node=pve1,path=0000:0a:00.0;0000:0a:00.1
\tmap id=10de:1eb8,iommugroup=3,node=pve2,path=0000:41:00

nic
\tmap id=8086:1520,node=pve1,path=0000:03:00.0
\tmap id=8086:1520,node=pve1,path=0000:03:00.1
one
\tmap id=8086:1521,node=pve1,path=0000:04:00.0
"""


@pytest.mark.parametrize(
    ("mapping", "node", "devices"),
    [
        ("gpu", "pve1", ["0000:0a:00.0", "0000:0a:00.1"]),
        ("gpu", "pve2", ["0000:41:00.0"]),
        ("gpu", "", None),
        ("gpu", "pve3", None),
        ("nic", "pve1", None),
        ("one", "", ["0000:04:00.0"]),
        ("one", "pve2", None),  # it is for pve1 alone
        ("none", "pve1", None),
    ],
)
def test_a_mapping_is_read_if_it_is_there(
    mapping: str, node: str, devices: list[str] | None
) -> None:
    text = f"memory: 512\nhostpci0: mapping={mapping},pcie=1\n"
    beside = DeviceMappings(mappings=_MAPPING, node=node)
    (guest,) = read_all_guests(text, "101.conf", beside)

    assert isinstance(guest, KvmGuest)
    assert [str(one.sbdf) for one in guest.devices] == (devices or [])
    assert bool(guest.unknown) is (devices is None)


def test_a_conf_of_a_proxmox_host_finds_its_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "nodes/pve1/qemu-server"
    folder.mkdir(parents=True)
    (tmp_path / "mapping").mkdir()
    (tmp_path / "mapping/pci.cfg").write_text(_MAPPING, "utf-8")
    (folder / "101.conf").write_text("memory: 512\nhostpci0: mapping=gpu\n", "utf-8")
    (tmp_path / "qemu-server").symlink_to("nodes/pve1/qemu-server")
    monkeypatch.chdir(folder)
    for path in (folder, tmp_path / "qemu-server", Path("101.conf")):
        ((guest,), passed_over) = named_guests([str(path)])

        assert isinstance(guest, KvmGuest)
        assert [str(one.sbdf) for one in guest.devices] == ["0000:0a:00.0", "0000:0a:00.1"]
        assert passed_over == []


def test_a_mapping_that_cannot_be_read_is_reported_for_a_single_guest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its pci.cfg is a link that is not followed: the guest is unknown, and the reason is shown."""
    folder = tmp_path / "qemu-server"
    folder.mkdir()
    (tmp_path / "mapping").mkdir()
    (tmp_path / "elsewhere").write_text(_MAPPING, "utf-8")
    (tmp_path / "mapping/pci.cfg").symlink_to(tmp_path / "elsewhere")
    conf = folder / "101.conf"
    conf.write_text("memory: 512\nhostpci0: mapping=gpu\n", "utf-8")

    ran = run(capsys, "resolve", conf, "--host", MACHINES / "dell-r820")

    assert "mapping/pci.cfg" in ran.err
    assert ran.code == 2


def test_a_line_that_proxmox_leaves_out_leaves_the_rest() -> None:
    guest = _guest(f"{GPU}this is no setting\ncpuunits:\n")

    assert (guest.name, len(guest.devices)) == ("win10", 2)


@pytest.mark.parametrize(
    ("lines", "refusals"),
    [
        ("vga: none\nhostpci0: 0000:00:02.0,legacy-igd=1", 0),
        ("vga: none\nhostpci0: 00:02,legacy-igd=on", 0),
        ("hostpci0: 0000:00:02.0,legacy-igd=0", 0),
        ("hostpci0: 0000:00:02.0,legacy-igd=1", 1),
        ("vga: std\nhostpci0: 0000:00:02.0,legacy-igd=1", 1),
        ("vga: none\nmachine: q35\nhostpci0: 0000:00:02.0,legacy-igd=1", 1),
        ("vga: none\nhostpci0: 0000:00:02.0,legacy-igd=1,x-vga=1", 1),
        ("vga: none\nhostpci0: 0000:00:02.0,legacy-igd=1,rombar=0", 1),
        ("vga: none\nhostpci0: 0000:01:00.0,legacy-igd=1", 1),
        ("vga: none\nhostpci0: 0000:00:02.0;0000:00:02.1,legacy-igd=1", 1),
    ],
)
def test_legacy_graphics_have_requirements(lines: str, refusals: int) -> None:
    guest = _guest(f"ostype: l26\nsockets: 1\n{lines}\n")

    assert len(guest.refusals) == refusals
