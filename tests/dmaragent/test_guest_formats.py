"""A guest's format is told by its content; what is no guest is an error that names the formats."""

from pathlib import Path

import pytest

from dmaragent.commands.shared.guest_files import named_guests
from dmaragent.errors import DmaragentError
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.question.context import read_guests
from support.cli import run
from support.kvm import domain, hostdev
from support.machines import MACHINES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]

_VMX = """\
.encoding = "UTF-8"
config.version = "8"
displayName = "win10"
memsize = "4096"
firmware = "efi"
pciPassthru0.present = "TRUE"
"""
_COMPOSE = """\
name: shop
services:
  web:
    image: nginx
    memory: 512
"""
_KUBEVIRT = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata:
  name: vm
spec:
  memory: 4096
"""
_XM = """\
import os, re
arch = os.uname()[4]
if re.search('64', arch):
    arch_libdir = 'lib64'
kernel = "/usr/lib/xen/boot/hvmloader"
builder = 'hvm'
memory = 512
name = "win10"
pci = [ '00:1a.0' ]
"""
_TERRAFORM = """\
resource "libvirt_domain" "web" {
  name   = "web"
  memory = "512"
  vcpu   = 1
}
"""
_SCRIPT = """\
#!/bin/sh
name=win10
memory=4096
exec qemu-system-x86_64 -m "$memory" -name "$name"
"""
_INI = "[Unit]\nDescription=guest\n[Service]\nname=a\nmemory=3\n"
_OVF = '<?xml version="1.0"?>\n<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"/>'
_HTML = "<!DOCTYPE html>\n<html><body>404</body></html>"
_NOVA = '{"server": {"id": 1, "name": "a", "flavor": {"ram": 4096}}}'
_ACCOUNTS = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
_YAML_LIST = "- memory: 4096\n- name: a\n"
_HEADERS = "from: a\nto: b\nsubject: c\ndate: d\n"
_STORAGE = "dir: local\n\tpath /var/lib/vz\n\tcontent iso\n"
_QM_PENDING = "cur memory: 4096\nnew memory: 8192\n"
_COMMAND = "/usr/bin/kvm -id 101 -name win10 -m 4096 -device vfio-pci,host=0a:00.0\n"


@pytest.mark.parametrize(
    "text",
    [
        *(_VMX, _COMPOSE, _KUBEVIRT, _XM, _TERRAFORM, _SCRIPT, _INI, _OVF, _HTML, _NOVA, _ACCOUNTS),
        *(_YAML_LIST, _HEADERS, _STORAGE, _QM_PENDING, _COMMAND, "", "\n\n", "# nothing\n"),
        *("\x7fELF\x02\x01\x01\0\0\0", "PK\x03\x04\0\0", "\udcff\udcfe\udc00", "[]", "{}", "[1"),
        *("just words\n", "<", "<?xml version='1.0'?>", "<!-- nothing -->", "foo = 1\n"),
    ],
)
def test_what_is_no_guest_is_an_error_that_names_the_formats(text: str) -> None:
    with pytest.raises(DmaragentError) as caught:
        read_all_guests(text, "vm.vmx")

    assert "vm.vmx" in caught.value.message
    assert caught.value.hint


def test_the_error_names_the_file_and_every_format(worded: Worded) -> None:
    with pytest.raises(DmaragentError) as caught:
        read_all_guests(_VMX, "vm.vmx")

    worded(caught.value.message)


@pytest.mark.parametrize(
    "text",
    [
        "memory = 2G\n",
        'name = "a"\nname = win\n',
        "name = 'a'\ntype = 'hvm'\npci = [ '00:1a.0'\n",
        "name = 'a'\r\nmemory = 512\r\n",
        "# xl.cfg\nmemory: 512\nbuilder = 'hvm'\nvcpus = 2\n",
        "name = \u2018win\u2019\nmemory = 512\n",
        "name='a'\nmemory=512\0\n",
        "#!/usr/sbin/xl create\nname = 'a'\nmemory = 2G\n",
    ],
)
def test_an_xl_cfg_with_an_error_is_answered_as_xl_does(text: str) -> None:
    (guest,) = read_all_guests(text, "win.cfg")

    assert isinstance(guest, GuestConfig)
    assert not guest.readable
    assert guest.refusals[0].place.startswith("win.cfg:")


@pytest.mark.parametrize(
    "text",
    [
        "name = 'a'\n",
        "vcpus = 2\ndisk = [ 'phy:/dev/x,xvda,w' ]\n",
        "kernel = '/boot/vmlinuz'\n",
        "memory=512;name='a'",
    ],
)
def test_an_xl_cfg_is_told_by_its_settings(text: str) -> None:
    (guest,) = read_all_guests(text, "win.cfg")

    assert isinstance(guest, GuestConfig)
    assert guest.readable


def test_where_a_xen_guest_is_needed_a_kvm_guest_is_an_error() -> None:
    with pytest.raises(DmaragentError, match="KVM guest"):
        read_guests(domain(), "g.xml")


# The verbs -------------------------------------------------------------------------------

LAPTOP = str(MACHINES / "lenovo-laptop")
_USB = hostdev("bus='0' slot='0x14' function='0'")


def test_a_folder_of_libvirt_names_what_is_no_guest_and_counts_it_not(
    capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "win10.xml").write_text(domain(_USB), "utf-8")
    (tmp_path / "net.xml").write_text("<network><name>default</name></network>", "utf-8")
    (tmp_path / "101.conf").write_text("memory: 512\nostype: l26\n", "utf-8")
    (tmp_path / "notes.txt").write_text("buy milk\n", "utf-8")
    (tmp_path / "networks").mkdir()
    ran = run(capsys, "resolve", str(tmp_path), "--host", LAPTOP)

    assert ran.code == 0
    skipped = [name for name in ("net.xml", "notes.txt") if f"{name}: skipped: " in ran.out]
    assert (len(skipped), ran.out.count(": skipped: ")) == (2, 2)
    assert ran.out.count(": will start") == 2
    assert "2 guests: 2 will start" in ran.out


def test_a_file_that_is_no_guest_ends_the_command_with_2(
    capsys: Capture, tmp_path: Path, worded: Worded
) -> None:
    path = tmp_path / "vm.vmx"
    path.write_text(_VMX, "utf-8")
    for verb in (["resolve"], ["report", "--guest"], ["hotplug", "00:14.0", "--into"]):
        ran = run(capsys, *verb, str(path), "--host", LAPTOP)

        assert (ran.code, ran.out) == (2, "")
        worded(ran.err, path)


def test_options_for_a_guest_are_advised_only_to_those_who_name_a_file(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vm.vmx"
    path.write_text(_VMX, "utf-8")
    named = run(capsys, "resolve", path, "--host", LAPTOP)
    with path.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        piped = run(capsys, "resolve", "-", "--host", LAPTOP)

    assert "--memory" in named.err
    assert "Next: " in piped.err
    assert "--memory" not in piped.err


def test_a_kvm_guest_is_no_guest_of_xl_pci_attach(
    capsys: Capture, tmp_path: Path, worded: Worded
) -> None:
    path = tmp_path / "g.xml"
    path.write_text(domain(), "utf-8")
    ran = run(capsys, "hotplug", "00:14.0", "--into", str(path), "--host", LAPTOP)

    assert ran.code == 2
    worded(ran.err)


def test_a_document_of_powershell_is_read(capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "g.xml"
    path.write_bytes(domain(_USB).encode("utf-16"))
    ran = run(capsys, "resolve", str(path), "--host", LAPTOP)

    assert ran.code == 0


@pytest.mark.parametrize("begin", ["\ufeff", "\ufeff\n", "\ufeffParsing config from a.cfg\n"])
def test_libxls_json_may_begin_with_a_byte_order_mark(begin: str) -> None:
    (guest,) = read_all_guests(f'{begin}{{"c_info": {{"type": "hvm", "name": "a"}}}}', "a.json")

    assert guest.name == "a"


@pytest.mark.parametrize("folder", ["qemu", "qemu/autostart", "libxl", "libxl/autostart"])
def test_the_networks_of_every_driver_of_libvirt_are_in_qemu(tmp_path: Path, folder: str) -> None:
    """Source: libvirt src/network/bridge_driver_conf.c, ``virNetworkDriverConfigNew``."""
    (tmp_path / "qemu/networks").mkdir(parents=True)
    network = "<network><name>lan</name><forward mode='nat'/></network>"
    (tmp_path / "qemu/networks/lan.xml").write_text(network, "utf-8")
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    interface = "<interface type='network'><source network='lan'/></interface>"
    (tmp_path / folder / "g.xml").write_text(domain(interface), "utf-8")

    ((guest,), _) = named_guests([str(tmp_path / folder / "g.xml")])

    assert isinstance(guest, KvmGuest)
    assert guest.unknown == ()


def test_networks_below_a_link_beside_libxl_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "outside/networks").mkdir(parents=True)
    network = "<network><name>lan</name><forward mode='nat'/></network>"
    (tmp_path / "outside/networks/lan.xml").write_text(network, "utf-8")
    (tmp_path / "given/libxl").mkdir(parents=True)
    (tmp_path / "given/qemu").symlink_to(tmp_path / "outside")
    interface = "<interface type='network'><source network='lan'/></interface>"
    (tmp_path / "given/libxl/g.xml").write_text(domain(interface), "utf-8")

    ((guest,), left_out) = named_guests([str(tmp_path / "given/libxl/g.xml")])

    assert isinstance(guest, KvmGuest)
    assert len(guest.unknown) == 1
    assert "below a link" in repr(left_out)


def test_the_networks_beside_a_domain_say_which_are_pools(tmp_path: Path) -> None:
    (tmp_path / "networks").mkdir()
    for name, mode in (("lan", "nat"), ("vfs", "hostdev")):
        network = f"<network><name>{name}</name><forward mode='{mode}'/></network>"
        (tmp_path / f"networks/{name}.xml").write_text(network, "utf-8")
    (tmp_path / "networks/torn.xml").write_text("<network><na", "utf-8")
    for name, unknown in (("lan", 0), ("vfs", 1), ("other", 1)):
        for device, running in (("", False), ("lan0", False), ("vnet0", name == "other")):
            source = f"<source network='{name}'/>"
            target = f"<target dev='{device}'/>" if device else ""
            interface = f"<interface type='network'>{source}{target}</interface>"
            (tmp_path / "g.xml").write_text(domain(interface), "utf-8")
            ((guest,), _) = named_guests([str(tmp_path / "g.xml")])

            assert isinstance(guest, KvmGuest)
            assert len(guest.unknown) == (0 if running else unknown)
