"""What of a guest is not understood leaves the answer open, is an error, or is named in a note."""

import pytest

from dmaragent.errors import DmaragentError
from dmaragent.guests.formats import UnknownFormatError, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from support.kvm import domain, hostdev

_CONF = "ostype: l26\nmemory: 2048\n{}\n"
_TOML = 'memory = 4096\nname = "x"\n[disk]\npath = "/x"\n'
_INI = "[vm]\nmemory=4096\nname=x\n"
_UNIT = "[Unit]\nDescription=x\n[Service]\nMemoryMax=4G\n"
_YAML = "name: w\ntype: hvm\nmemory: 4096\ncores: 2\n"


def _kvm(text: str) -> KvmGuest:
    (guest,) = read_all_guests(text, "guest")
    assert isinstance(guest, KvmGuest)
    return guest


def _with_arguments(*words: str) -> str:
    lines = "".join(f"<qemu:arg value='{word}'/>" for word in words)
    return domain().replace("</domain>", f"<qemu:commandline>{lines}</qemu:commandline></domain>")


@pytest.mark.parametrize(
    "element",
    [
        hostdev().replace("subsystem", "Subsystem"),
        hostdev().replace("type='pci'", "type='PCI'"),
        hostdev().replace("type='pci' ", ""),
        "<interface type='Hostdev'><source/></interface>",
    ],
)
def test_a_device_of_a_type_that_libvirt_does_not_know_is_an_error(element: str) -> None:
    with pytest.raises(DmaragentError, match=r"^guest:6: "):
        read_all_guests(domain(element), "guest")


@pytest.mark.parametrize(
    "words",
    [
        ("-device vfio-pci,host=01:00.0",),
        ("-device", "pci-assign,host=01:00.0"),
        ("-device", "{&quot;driver&quot;: &quot;vfio-pci&quot;, &quot;host&quot;"),
        ("-drive", "file=nvme://0000:01:00.0/1,if=virtio"),
        ("-blockdev", "driver=nvme,device=0000:01:00.0,namespace=1,node-name=n"),
        ("-set", "device.hostdev0.host=01:00.0"),
    ],
)
def test_a_word_for_qemu_that_may_assign_a_function_leaves_the_answer_open(
    words: tuple[str, ...],
) -> None:
    guest = _kvm(_with_arguments(*words))

    assert (guest.devices, len(guest.unknown)) == ((), 1)


@pytest.mark.parametrize(
    "words",
    [
        ("-device", "e1000,netdev=n0,mac=52:54:00:12:34:56"),
        ("-drive", "file=/dev/disk/by-path/pci-0000:00:1f.2-ata-1,format=raw"),
        ("-global", "vfio-pci.x-no-kvm-intx=on"),
        ("-object", "iommufd,id=iommufd0"),
        ("-cpu", "host,kvm=off"),
        ("-nographic",),
    ],
)
def test_other_words_for_qemu_change_nothing(words: tuple[str, ...]) -> None:
    guest = _kvm(_with_arguments(*words))

    assert (guest.devices, guest.unknown) == ((), ())


@pytest.mark.parametrize(("name", "unknown"), [("host", 1), ("sysfsdev", 1), ("x-igd-opregion", 0)])
def test_an_override_of_a_devices_address_leaves_the_answer_open(name: str, unknown: int) -> None:
    override = (
        "<qemu:override><qemu:device alias='hostdev0'><qemu:frontend>"
        f"<qemu:property name='{name}' type='string' value='0000:01:00.0'/>"
        "</qemu:frontend></qemu:device></qemu:override></domain>"
    )

    assert len(_kvm(domain().replace("</domain>", override)).unknown) == unknown


@pytest.mark.parametrize("text", [_TOML, _INI, _UNIT, _YAML])
def test_settings_of_other_programs_are_in_no_format_that_is_read(text: str) -> None:
    with pytest.raises(UnknownFormatError) as raised:
        read_all_guests(text, "guest")

    assert "JSON" not in raised.value.hint


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("[PENDING]\nhostpci0: 01:00.0", "sets hostpci0"),
        ("[pending]\ndelete: memory,net0", "removes memory"),
        ("[PENDING]\nmemory: 4096\n\n[old]\nhostpci1: 02:00.0", "sets memory"),
    ],
)
def test_a_pending_change_of_devices_or_memory_is_named_in_a_note(section: str, named: str) -> None:
    guest = _kvm(_CONF.format(f"\n{section}"))

    assert [one.place for one in guest.notes] == ["guest:4"]
    assert f"{named} " in guest.notes[0].text
    assert [one.place for one in guest.devices] == ["guest:5"] * ("hostpci0" in named)


@pytest.mark.parametrize("section", ["[PENDING]\nname: new", "[old]\nhostpci0: 01:00.0"])
def test_other_sections_need_no_note(section: str) -> None:
    assert _kvm(_CONF.format(f"\n{section}")).notes == ()


def test_a_template_is_named_as_one() -> None:
    assert [one.place for one in _kvm(_CONF.format("template: 1")).notes] == ["guest:3"]
