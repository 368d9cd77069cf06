"""Libvirt's XML is read as libvirt reads it; what it would refuse is an error with its line."""

import pytest

from dmaragent.addresses import MIB
from dmaragent.collect.collect import collect
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig, GuestType, Vga
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.host import join
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import GuestResolver, Question, context_of, read_guests
from support.explained import MATE, NIC, USB, made
from support.hosts import FakeHost
from support.kvm import domain, hostdev
from support.tables import rmrr, scope

SYS_USB = """\
<domain type='xen'>
  <name>sys-usb</name>
  <memory unit='KiB'>307200</memory>
  <currentMemory unit='KiB'>307200</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='x86_64' machine='xenfv'>hvm</type><loader type='rom'>hvmloader</loader></os>
  <devices>
    <hostdev mode='subsystem' type='pci' managed='yes' nostrictreset='yes'>
      <driver name='xen'/>
      <source><address domain='0x0000' bus='0x00' slot='0x1a' function='0x0'/></source>
    </hostdev>
  </devices>
</domain>
"""


def _kvm(text: str) -> KvmGuest:
    (guest,) = read_all_guests(text, "g.xml")
    assert isinstance(guest, KvmGuest)
    return guest


def _xen(text: str) -> GuestConfig:
    (guest,) = read_guests(text, "g.xml")
    return guest


def _devices(text: str) -> list[str]:
    return [str(one.sbdf) for one in _kvm(text).devices]


# Devices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "sbdf"),
    [
        ("bus='0x0a' slot='0x1f' function='0x7'", "0000:0a:1f.7"),
        ("bus='10' slot='31' function='7'", "0000:0a:1f.7"),
        ("bus='012' slot='037' function='07'", "0000:0a:1f.7"),
        ("bus='0xA' slot='0X1F'", "0000:0a:1f.0"),
        ("slot='2'", "0000:00:02.0"),
        ("bus=' 1' slot='+2'", "0000:01:02.0"),
    ],
)
def test_an_address_is_hexadecimal_decimal_or_octal_and_what_is_missing_is_zero(
    address: str, sbdf: str
) -> None:
    assert _devices(domain(hostdev(address))) == [sbdf]


@pytest.mark.parametrize(
    "address",
    [
        "bus='0x100' slot='1'",
        "bus='1' slot='0x20'",
        "bus='1' slot='1' function='8'",
        "bus='0a' slot='1'",
        "bus='-1' slot='1'",
        "bus='' slot='1'",
        "bus='0' slot='0'",
        "bus='0' slot='0' function='1'",
    ],
)
def test_an_address_that_libvirt_refuses_is_an_error_with_its_line(address: str) -> None:
    with pytest.raises(DmaragentError, match=r"^g\.xml:6: "):
        read_all_guests(domain(hostdev(address)), "g.xml")


def test_a_segment_may_be_above_ffff() -> None:
    device = hostdev().replace("domain='0x0000'", "domain='0x10000'")

    assert _devices(domain(device)) == ["10000:01:00.0"]


@pytest.mark.parametrize(
    ("devices", "sbdfs"),
    [
        (
            (
                "<interface type='hostdev' managed='yes'><source>"
                "<address type='pci' bus='0x03' slot='0x10' function='0x1'/></source></interface>"
            ),
            ["0000:03:10.1"],
        ),
        (
            (
                "<interface type='network'><source network='vfs'/><actual type='hostdev'><source>"
                "<address type='pci' bus='3' slot='16'/></source></actual></interface>"
            ),
            ["0000:03:10.0"],
        ),
        (
            (
                "<interface type='hostdev'><source>"
                "<address type='usb' bus='3' device='16'/></source></interface>"
            ),
            [],
        ),
        ("<hostdev mode='subsystem' type='usb'><source/></hostdev>", []),
        ("<hostdev mode='capabilities' type='misc'><source/></hostdev>", []),
        ("<interface type='bridge'><source bridge='br0'/></interface>", []),
        (hostdev().replace("mode='subsystem' ", ""), ["0000:01:00.0"]),
    ],
)
def test_which_elements_assign_a_pci_function(devices: str, sbdfs: list[str]) -> None:
    assert _devices(domain(devices)) == sbdfs


def test_a_guest_address_is_not_the_hosts() -> None:
    device = hostdev().replace("</hostdev>", "<address type='pci' bus='9' slot='9'/></hostdev>")

    assert _devices(domain(device)) == ["0000:01:00.0"]


def test_an_nvme_disk_is_taken_by_vfio_too() -> None:
    disk = (
        "<disk type='nvme' device='disk'><source type='pci' managed='yes' namespace='1'>"
        "<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source></disk>"
    )
    guest = _kvm(domain(disk))

    assert ([str(one.sbdf) for one in guest.devices], len(guest.unknown)) == (["0000:01:00.0"], 1)
    assert guest.devices[0].managed


def test_a_mediated_device_is_a_note_and_no_assignment() -> None:
    guest = _kvm(domain("<hostdev mode='subsystem' type='mdev' model='vfio-pci'/>"))

    assert (guest.devices, guest.unknown) == ((), ())
    assert "mdev" in guest.notes[0].text


@pytest.mark.parametrize(
    ("value", "sbdfs"),
    [
        ("vfio-pci,host=0a:00.0,id=gpu", ["0000:0a:00.0"]),
        ("vfio-pci,id=gpu,host=0000:0a:00.1", ["0000:0a:00.1"]),
        ("driver=vfio-pci,host=10000:e1:00.0", ["10000:e1:00.0"]),
        ("vfio-pci,sysfsdev=/sys/bus/pci/devices/0000:0a:00.0", ["0000:0a:00.0"]),
        ("vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:0a:00.0", ["0000:0a:00.0"]),
        ('{"driver":"vfio-pci","host":"0000:0a:00.0"}', ["0000:0a:00.0"]),
        ("virtio-net-pci,host=0a:00.0", []),
    ],
)
def test_qemus_command_line_assigns_too(value: str, sbdfs: list[str]) -> None:
    escaped = value.replace('"', "&quot;")
    line = f"<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{escaped}'/>"
    text = domain().replace("</domain>", f"{line}</qemu:commandline></domain>")

    assert _devices(text) == sbdfs


def test_a_machine_type_of_the_command_line_replaces_that_of_the_domain() -> None:
    line = "<qemu:commandline><qemu:arg value='-machine'/><qemu:arg value='pc'/>"
    text = domain().replace("</domain>", f"{line}</qemu:commandline></domain>")

    assert (_kvm(domain()).machine, _kvm(text).machine) == ("pc-q35-8.2", "pc")


@pytest.mark.parametrize(
    "folder", ["/sys/bus/mdev/devices", "/sys/devices/pci0000:00/0000:0a:00.0"]
)
def test_a_mediated_device_of_the_command_line_is_a_note_and_no_assignment(folder: str) -> None:
    value = f"vfio-pci,sysfsdev={folder}/4b20d080-1b54-4048-85b3-a6a62d165c01"
    line = f"<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{value}'/>"
    guest = _kvm(domain().replace("</domain>", f"{line}</qemu:commandline></domain>"))

    assert (guest.devices, guest.unknown, len(guest.notes)) == ((), (), 1)


@pytest.mark.parametrize("value", ["vfio-pci,host=0a:00", "vfio-pci", "vfio-pci,host=zz"])
def test_a_device_that_cannot_be_read_leaves_the_answer_open(value: str) -> None:
    line = f"<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{value}'/>"
    guest = _kvm(domain().replace("</domain>", f"{line}</qemu:commandline></domain>"))

    assert (guest.devices, len(guest.unknown)) == ((), 1)


# Memory ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("memory", "size"),
    [
        ("<memory>4194304</memory>", 4096 * MIB),
        ("<memory unit='b'>1073741825</memory>", 1024 * MIB + 1024),
        ("<memory unit='bytes'>1073741824</memory>", 1024 * MIB),
        ("<memory unit='KB'>1024</memory>", 1024 * 1000),
        ("<memory unit='k'>1024</memory>", MIB),
        ("<memory unit='M'>512</memory>", 512 * MIB),
        ("<memory unit='MiB'>512</memory>", 512 * MIB),
        ("<memory unit='mb'>512</memory>", 512_000_000),
        ("<memory unit='G'>2</memory>", 2048 * MIB),
        ("<memory unit='GB'>2</memory>", -(-2_000_000_000 // 1024) * 1024),
        ("<memory unit='TiB'>1</memory>", 1 << 40),
        ("<memory unit='GiB'>\n  2\n</memory>", 2048 * MIB),
        ("<memory unit='GiB'>8</memory><currentMemory unit='GiB'>4</currentMemory>", 8192 * MIB),
        ("<cpu><numa><cell id='0' memory='1' unit='GiB'/><cell id='1' memory='1048576'/></numa></cpu>", 2048 * MIB),
    ],
)  # fmt: skip
def test_memory_has_libvirts_units(memory: str, size: int) -> None:
    assert _kvm(domain(memory=memory)).memory == size


@pytest.mark.parametrize("memory", ["unit='XB'>1", "unit='GiB'>1.5", ">-1", "unit='E'>9999", ">"])
def test_a_size_that_libvirt_refuses_is_an_error(memory: str) -> None:
    with pytest.raises(DmaragentError, match=r"^g\.xml:3: "):
        read_all_guests(domain(memory=f"<memory {memory}</memory>"), "g.xml")


def test_memory_devices_count_towards_the_memory_and_lie_above_it() -> None:
    dimm = "<memory model='dimm'><target><size unit='GiB'>2</size></target></memory>"
    guest = _kvm(domain(dimm))

    assert (guest.memory, guest.more_memory) == (6 << 30, True)


CELLS = "<cpu><numa><cell id='0' memory='3' unit='GiB'/><cell id='1' memory='1' unit='GiB'/></numa></cpu>"
DIMM = "<memory model='dimm'><target><size unit='GiB'>2</size></target></memory>"


def test_numa_cells_replace_the_memory_of_the_domain() -> None:
    guest = _kvm(domain(DIMM, f"<memory unit='GiB'>16</memory>{CELLS}"))

    assert (guest.memory, guest.more_memory) == (4 << 30, True)
    xen = _xen(
        f"<domain type='xen'><name>a</name><memory unit='GiB'>16</memory>{CELLS}"
        "<os><type>hvm</type></os></domain>"
    )
    assert xen.most_memory == 4 << 30


def test_memory_devices_that_are_larger_than_the_memory_are_refused() -> None:
    with pytest.raises(DmaragentError, match="memory devices are larger than <memory>"):
        read_all_guests(domain(DIMM, "<memory unit='GiB'>1</memory>"), "g.xml")


@pytest.mark.parametrize(
    ("driver", "unknown"),
    [
        ("pc-dimm,memdev=m", 1),
        ("nvdimm,memdev=m", 1),
        ("virtio-mem-pci,memdev=m,requested-size=1G", 1),
        ('{"driver":"virtio-pmem-pci","memdev":"m"}', 1),
        ("virtio-balloon-pci", 0),
        ("nvme,drive=d", 0),
    ],
)
def test_memory_that_qemus_command_line_adds_is_not_modelled(driver: str, unknown: int) -> None:
    escaped = driver.replace('"', "&quot;")
    line = f"<qemu:commandline><qemu:arg value='-device'/><qemu:arg value='{escaped}'/>"
    guest = _kvm(domain().replace("</domain>", f"{line}</qemu:commandline></domain>"))

    assert len(guest.unknown) == unknown


@pytest.mark.parametrize(
    ("limit", "below", "unknown"),
    [
        ("1G", 1 << 30, 0),
        ("0", None, 0),
        ("4G", 4 << 30, 0),
        ("5G", 5 << 30, 1),
        ("1.5G", None, 1),
        ("3221225472", 3 << 30, 0),
        ("3221225472b", 3 << 30, 0),
        ("3145728K", 3 << 30, 0),
        ("3072m", 3 << 30, 0),
    ],
)
def test_the_limit_of_low_ram_is_0_for_the_default_and_at_most_4_gib(
    limit: str, below: int | None, unknown: int
) -> None:
    line = (
        "<qemu:commandline><qemu:arg value='-machine'/>"
        f"<qemu:arg value='q35,max-ram-below-4g={limit}'/>"
    )
    guest = _kvm(domain().replace("</domain>", f"{line}</qemu:commandline></domain>"))

    assert (guest.below_4g, len(guest.unknown)) == (below, unknown)


# Xen -------------------------------------------------------------------------------------


def test_a_xen_domain_of_qubes_is_read_whole() -> None:
    guest = _xen(SYS_USB)

    assert (guest.name, guest.type, guest.memory) == ("sys-usb", GuestType.HVM, 300 * MIB)
    assert [(one.text, one.place, one.no_strict_reset) for one in guest.pci] == [
        ("00:1a.0", "g.xml:8", True)
    ]
    assert guest.places["memory"] == "g.xml:4"
    other = _xen(SYS_USB.replace("nostrictreset", "no-strict-reset"))
    assert [device.no_strict_reset for device in other.pci] == [True]


@pytest.mark.parametrize(
    ("kind", "guest_type"),
    [
        ("<type>hvm</type>", GuestType.HVM),
        ("<type>xenpvh</type>", GuestType.PVH),
        ("<type>linux</type>", GuestType.PV),
        ("<type machine='xenpv'>xen</type>", GuestType.PV),
        ("<type machine='xenpvh'>xen</type>", GuestType.PVH),
        ("<type machine='xenpvh'>linux</type>", GuestType.PVH),
        ("<type machine='xenpvh'>hvm</type>", GuestType.HVM),
        ("</os><bootloader>/usr/bin/pygrub</bootloader><os>", GuestType.PV),
    ],
)
def test_the_type_of_a_xen_guest(kind: str, guest_type: GuestType) -> None:
    assert _xen(f"<domain type='xen'><os>{kind}</os></domain>").type is guest_type


@pytest.mark.parametrize("kind", ["", "<os><type>exe</type></os>"])
def test_a_xen_guest_needs_a_known_type(kind: str) -> None:
    with pytest.raises(DmaragentError, match=r"^g\.xml:1: "):
        _xen(f"<domain type='xen'>{kind}</domain>")


@pytest.mark.parametrize(
    ("emulator", "traditional"),
    [
        ("<emulator>/usr/lib/xen/bin/qemu-dm</emulator>", True),
        ("<emulator type='stubdom'>/usr/bin/stub</emulator>", True),
        ("<emulator>/usr/bin/qemu-system-i386</emulator>", None),
        ("", None),
    ],
)
def test_the_device_model_of_a_xen_guest_by_its_emulator(
    emulator: str,
    traditional: bool | None,  # noqa: FBT001 - a parameter of the test
) -> None:
    os_type = "<os><type>hvm</type></os>"
    guest = _xen(f"<domain type='xen'>{os_type}<devices>{emulator}</devices></domain>")

    assert guest.traditional is traditional


@pytest.mark.parametrize(
    ("setting", "passthrough"),
    [
        ("state='on'", "enabled"),
        ("state='on' mode='sync_pt'", "sync_pt"),
        ("state='on' mode='share_pt'", "share_pt"),
        ("state='off' mode='share_pt'", None),
        ("", None),
    ],
)
def test_the_passthrough_of_a_xen_guest(setting: str, passthrough: str | None) -> None:
    features = f"<features><xen><passthrough {setting}/></xen></features>"
    guest = _xen(f"<domain type='xen'><os><type>hvm</type></os>{features}</domain>")

    assert guest.passthrough == passthrough


def test_xen_has_segments_up_to_ffff_and_the_devices_of_others_are_unknown() -> None:
    devices = "".join(
        hostdev().replace("domain='0x0000'", f"domain='{segment}'")
        for segment in ("0x10000", "0xffff")
    )
    guest = _xen(
        f"<domain type='xen'><os><type>hvm</type></os><devices>\n{devices}</devices></domain>"
    )

    assert [entry.text for entry in guest.pci] == ["ffff:01:00.0"]
    assert [complaint.place for complaint in guest.undecidable] == ["g.xml:2"]


@pytest.mark.parametrize("machine", ["xenpv", "xenfv"])
def test_numa_cells_are_the_virtual_nodes_of_a_xen_guest(machine: str) -> None:
    """libxl_conf.c, libxlMakeVnumaList; libxl refuses them for a PV guest, and with less memory."""
    cells = '<cell id="0" cpus="0" memory="1" unit="GiB"/><cell id="1" cpus="1" memory="524288"/>'
    kind = "linux" if machine == "xenpv" else "hvm"
    text = (
        f'<domain type="xen"><name>n</name><memory unit="GiB">3</memory>'
        f'<os><type machine="{machine}">{kind}</type></os><cpu><numa>{cells}</numa></cpu></domain>'
    )
    guest = _xen(text)
    assert guest.vnuma == (1024 * MIB, 512 * MIB)
    assert guest.most_memory == 1536 * MIB

    context = context_of(join(collect(made())), Question())
    found = GuestResolver(context, Question()).resolve(guest)
    assert found.verdict is (Verdict.REFUSED if machine == "xenpv" else Verdict.STARTS)


def test_a_xen_guest_is_laid_out_by_its_memory_and_starts_with_what_is_current() -> None:
    guest = _xen(
        "<domain type='xen'><memory unit='GiB'>4</memory><currentMemory unit='GiB'>2</currentMemory>"
        "<os><type>hvm</type></os><features><hap state='off'/></features><devices>"
        "<video><model type='vga' vram='32768'/></video></devices></domain>"
    )

    assert (guest.memory, guest.most_memory) == (2048 * MIB, 4096 * MIB)
    assert (guest.vga, guest.video, guest.hap) == (Vga.STDVGA, 32 * MIB, False)


@pytest.mark.parametrize(
    ("model", "vga", "video", "unknown"),
    [
        ("vga", Vga.STDVGA, 16, 0),
        ("xen", Vga.STDVGA, 16, 0),  # as libxl_conf.c, libxlMakeVideo has it
        ("cirrus", Vga.CIRRUS, 8, 0),
        ("qxl", Vga.QXL, 128, 0),
        ("virtio", Vga.CIRRUS, 8, 1),
        ("none", Vga.CIRRUS, 8, 1),
    ],
)
def test_the_video_models_of_a_xen_guest(model: str, vga: Vga, video: int, unknown: int) -> None:
    guest = _xen(
        "<domain type='xen'><os><type>hvm</type></os><devices>"
        f"<video><model type='{model}'/></video></devices></domain>"
    )

    assert (guest.vga, guest.video, len(guest.undecidable)) == (vga, video * MIB, unknown)


@pytest.mark.parametrize(
    ("features", "haps"), [("", [None]), ("<hap/>", [True]), ("<hap state='on'/>", [True])]
)
def test_hardware_assisted_paging_without_a_state_is_on(
    features: str, haps: list[bool | None]
) -> None:
    text = f"<domain type='xen'><os><type>hvm</type></os><features>{features}</features></domain>"

    assert [_xen(text).hap] == haps


def _shared_usb() -> FakeHost:
    """Make a host whose two USB controllers share a region."""
    both = rmrr(0x7DFFD000, 0x7DFFFFFF, scope(1, 0, (0x1D, 0)), scope(1, 0, (0x1A, 0)))
    return made(both, functions=[NIC, USB, MATE])


def _resolution(
    text: str, toolstack: Toolstack | None = None, kernel: str | None = None
) -> Resolution:
    host = _shared_usb()
    if kernel is not None:
        host.files["/proc/sys/kernel/osrelease"] = kernel.encode()
    question = Question(xen="4.17", toolstack=toolstack)
    (guest,) = read_all_guests(text, "g.xml")
    found = GuestResolver(context_of(join(collect(host)), question), question).resolve(guest)
    assert isinstance(found, Resolution)
    return found


def test_libvirt_makes_a_device_strict_and_qubes_relaxed() -> None:
    assert _resolution(SYS_USB, Toolstack.LIBVIRT).verdict.value == "refused"
    assert _resolution(SYS_USB, Toolstack.QUBES).verdict.value == "starts"
    assert len(_resolution(SYS_USB, Toolstack.LIBVIRT).settings.messages) == 1
    assert _resolution(SYS_USB, Toolstack.QUBES).settings.messages == ()
    assert _resolution(SYS_USB, kernel="6.6.48-1.qubes.fc37.x86_64").verdict.value == "starts"


def test_if_it_is_unknown_whose_libvirt_it_is_both_answers_are_given() -> None:
    found = _resolution(SYS_USB)

    assert found.verdict.value == "undecided"
    assert "name the toolstack" in found.reasons[0].reason


def test_without_nostrictreset_libvirts_xml_implies_libvirt() -> None:
    found = _resolution(SYS_USB.replace(" nostrictreset='yes'", ""))

    assert (found.verdict.value, found.stack.toolstack) == ("refused", Toolstack.LIBVIRT)


def test_xl_does_not_read_libvirts_xml() -> None:
    with pytest.raises(DmaragentError) as caught:
        _resolution(SYS_USB, Toolstack.XL)

    assert "domxml-to-native" in caught.value.hint


# Documents -------------------------------------------------------------------------------


def _names(guests: tuple[Guest, ...]) -> list[str]:
    return [one.name for one in guests]


@pytest.mark.parametrize(
    "text",
    [
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- made by virsh -->\n{}",
        "\n\n<?xml version='1.0'?>{}",
        "<domstatus state='running' pid='1'>\n{}</domstatus>",
        "<domainsnapshot><name>before</name>{}</domainsnapshot>",
        "\ufeff{}",
        "<!-- <domain type='kvm'/> -->{}<!-- end -->",
    ],
)
def test_a_domain_is_found_in_what_virsh_and_libvirtd_write(text: str) -> None:
    assert _names(read_all_guests(text.format(domain()), "g.xml")) == ["win10"]


def test_several_domains_may_follow_one_another() -> None:
    guests = read_all_guests(f"{domain(hostdev())}\n{SYS_USB}", "g.xml")

    assert _names(guests) == ["win10", "sys-usb"]
    assert isinstance(guests[1], GuestConfig)
    assert guests[1].pci[0].place == "g.xml:17"
    network = "<network><name>default</name></network>"
    assert _names(read_all_guests(f"{domain()}\n{network}", "g.xml")) == ["win10"]


def test_a_guest_has_at_most_1024_devices() -> None:
    (most,) = read_all_guests(domain(hostdev() * 1024), "g.xml")

    assert isinstance(most, KvmGuest)
    assert len(most.devices) == 1024
    with pytest.raises(DmaragentError, match="1025"):
        read_all_guests(domain(hostdev() * 1025), "g.xml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<domain type='kvm'>\n<name>a</nam>", 2),
        ("<domain type='kvm'>\n\n", 3),
        ("<domain type='kvm'>\n<name>\ud800</name></domain>", 2),
        ("<domain type='kvm'/>\n\n<domain type='kvm'>\n</network>", 4),
        ("\n<!-- -->\n<domain type='kvm'>\n</network>", 4),
        ("<!DOCTYPE domain [<!ENTITY a 'b'>]>\n<domain type='kvm'/>", 1),
        ("<!DOCTYPE domain SYSTEM 'http://127.0.0.1/a.dtd'>\n<domain type='kvm'/>", 1),
        ("<domain type='kvm'><name>&lol;</name></domain>", 1),
        ("<domain type='kvm'><qemu:commandline/></domain>", 1),
        ("<domain type='kvm'>" + "<a>" * 100, 1),
    ],
)
def test_xml_that_is_not_read_is_an_error_with_its_line(text: str, line: int) -> None:
    with pytest.raises(DmaragentError, match=rf"^g\.xml:{line}: "):
        read_all_guests(text, "g.xml")


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><domain>&b;</domain>'

    with pytest.raises(DmaragentError, match="DTD"):
        read_all_guests(bomb, "g.xml")


def test_too_many_elements_are_refused() -> None:
    with pytest.raises(DmaragentError, match="elements"):
        read_all_guests("<domain>" + "<a/>" * 200_001 + "</domain>", "g.xml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<network><name>default</name></network>", "<network>"),
        ("<domainsnapshot><name>a</name></domainsnapshot>", "<domainsnapshot>"),
        ("<hostdev mode='subsystem' type='pci'/>", "<hostdev>"),
        ("<domain type='lxc'><name>a</name></domain>", "lxc"),
        ("<domain type='bhyve'/>", "bhyve"),
        ("<domain/>", "type"),
    ],
)
def test_what_of_libvirt_is_no_guest_is_named(text: str, words: str) -> None:
    with pytest.raises(DmaragentError, match=words):
        read_all_guests(text, "g.xml")


def test_a_latin_1_document_is_read_as_it_declares() -> None:
    raw = "<?xml version='1.0' encoding='ISO-8859-1'?>" + domain().replace("win10", "w\xfcrfel")
    text = raw.encode("latin-1").decode("utf-8", "surrogateescape")

    assert _names(read_all_guests(text, "g.xml")) == ["w\xfcrfel"]
