"""What a bundle replaces and leaves out of texts, and what it leaves as it is."""

import json

import pytest

from dmaragent.redaction import Redactor
from support.wording import Worded

UUID = "4c4c4544-0051-3510-8052-b4c04f4a4e31"
OTHER = "4C4C4544-0051-3510-8052-B4C04F4A4E32"


def test_a_value_has_one_stand_in_throughout_and_each_is_counted() -> None:
    redactor = Redactor()
    text = f"a {UUID} b {OTHER} c {UUID.upper()} d 00:1b:21:3a:4f:5e e 00-1B-21-3A-4F-5E"

    assert redactor.identifiers(text) == "a uuid-1 b uuid-2 c uuid-1 d mac-1 e mac-2"
    assert redactor.places == {"uuid-1": 2, "uuid-2": 1, "mac-1": 1, "mac-2": 1}


def test_an_address_in_capitals_is_the_same_address() -> None:
    redactor = Redactor()

    text = redactor.identifiers("00:1b:21:3a:4f:5e 00:1B:21:3A:4F:5E")

    assert (text, redactor.places) == ("mac-1 mac-1", {"mac-1": 2})


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:1d.0 and 10000:e1:00.0",
        "hw_caps : 178bf3fd:80002001:20100800:00000007",
        "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
        "ACPI: DMAR 0x000000007FFD2000 0001A0 (v01 BOCHS  BXPC     00000002 BXPC 00000001)",
        "build 151b373fd64b321593bf987fd923cd10dabadac4",
        "00:11:22:33:44:55:66:77",
        f"x{UUID}",
    ],
)
def test_what_only_looks_like_an_identifier_stays(text: str) -> None:
    assert Redactor().identifiers(text) == text


def test_of_a_kernel_s_command_line_the_options_that_matter_stay_in_order() -> None:
    redactor = Redactor()
    line = f"BOOT_IMAGE=/vmlinuz root=UUID={UUID} iommu=pt luks.key=secret intel-iommu=on,sm_on\n"

    assert redactor.linux_line(line) == "BOOT_IMAGE= iommu=pt intel-iommu=on,sm_on\n"
    assert (redactor.words, redactor.places) == (2, {})


def test_a_command_line_in_a_log_is_shortened_too(worded: Worded) -> None:
    redactor = Redactor()
    log = (
        f"[    0.1] Kernel command line: root=UUID={UUID} intel_iommu=on ip=10.0.0.7\n"
        "(XEN) Command line: console=com1 rmrr=0x1=0:3.0 vga=115200\n"
        "(XEN) [VT-D]found ACPI_DMAR_RMRR:\n"
    )

    worded(redactor.log(log), "0.1", "intel_iommu=on", "rmrr=0x1=0", "3.0")
    assert redactor.words == 4


def test_of_xl_info_what_tells_whose_host_it_is_goes(worded: Worded) -> None:
    redactor = Redactor()
    info = (
        "host                   : vault.example\n"
        "virt_caps              : pv hvm hvm_directio\n"
        "xen_commandline        : placeholder iommu=debug password=x\n"
        "cc_compile_by          : alice\n"
        "something_new          : alice's\n"
        "xen_changeset          : \n"
        "a line of its own\n"
    )

    worded(redactor.info(info), "iommu=debug")
    assert redactor.places == {"host-1": 1, "removed": 3}


def test_the_command_line_in_a_log_is_read_as_its_program_reads_it() -> None:
    """Xen knows no quotes; words after -- are not for Linux."""
    log = (
        '[    0.0] Command line: "intel_iommu=on" x="a iommu=off" -- acpi=off\n'
        '(XEN) Command line: x="a iommu=off y" -- ats\n'
    )

    assert Redactor().log(log) == (
        "[    0.0] Command line: intel_iommu=on\n(XEN) Command line: iommu=off ats\n"
    )


def test_the_line_of_another_kernel_in_xens_log_goes_too() -> None:
    """Arm: bootinfo-fdt.c, ``early_print_info``; Xen as a PVH guest: pvh-boot.c."""
    log = (
        "(XEN) CMDLINE[0000000048000000]:chosen console=hvc0 root=/dev/secret iommu=pt\n"
        "(XEN)     mod[0].cmdline:    'root=/dev/secret intel_iommu=on quiet'\n"
    )

    assert Redactor().log(log) == (
        "(XEN) CMDLINE[0000000048000000]:iommu=pt\n(XEN)     mod[0].cmdline:    'intel_iommu=on\n"
    )


@pytest.mark.parametrize("control", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r"])
def test_of_xl_info_only_newlines_end_a_line(control: str) -> None:
    info = f"host : vault\nxen_commandline : iommu=1{control}secret token=abc\n\nhost name\n"

    redacted = Redactor().info(info)

    assert "secret" not in redacted
    assert "abc" not in redacted
    assert "iommu=1" in redacted
    assert redacted.endswith("\n\nremoved\n")
    assert Redactor().info(redacted) == redacted


def test_identifiers_go_from_what_is_kept_of_xl_info_and_of_guests() -> None:
    redactor = Redactor()
    guest = {"domid": 1, "config": {"c_info": {}, "rdms": [f"{UUID} 00:1b:21:3a:4f:5e"]}}

    assert redactor.info(f"release : 6.1 {UUID}\n") == "release : 6.1 uuid-1\n"
    told = json.loads(redactor.guests(json.dumps([guest])))
    assert told[0]["config"]["rdms"] == ["uuid-1 mac-1"]


def test_of_xen_s_line_what_is_switched_off_stays_too(worded: Worded) -> None:
    info = "xen_commandline : no-x2apic no-ats nosmp no-real-mode\n"

    worded(Redactor().info(info))


def test_the_host_has_one_name_wherever_it_is_asked_for() -> None:
    redactor = Redactor()

    assert redactor.host_name("vault\n") == "host-1\n"
    assert redactor.info("host : vault\n") == "host : host-1\n"
    assert redactor.host_name("\n") == "\n"


def test_a_host_s_first_name_is_replaced_with_the_whole_where_it_stands_alone() -> None:
    redactor = Redactor()
    redactor.host_name("vault.example\n")
    redactor.host_name("7.example\n")

    assert redactor.names("vault.example, vault: vaults, 7") == "host-1, host-1: vaults, 7"
    assert redactor.places == {"host-1": 3, "host-2": 1}


def test_of_names_the_longest_is_replaced_and_guests_as_hosts() -> None:
    redactor = Redactor()
    redactor.host_name("mail")
    redactor.guests(json.dumps([{"config": {"c_info": {"name": "mail.backup"}}}]))

    assert redactor.names("mail.backup of mail") == "guest-1 of host-1"


def test_a_guest_with_the_first_name_of_the_host_keeps_its_own_stand_in() -> None:
    redactor = Redactor()
    redactor.guests(json.dumps([{"config": {"c_info": {"name": "mail"}}}]))
    redactor.host_name("mail.example")

    assert redactor.names("mail at mail.example") == "guest-1 at host-1"
    assert redactor.names("x-mail mail-x mailbox") == "x-mail mail-x mailbox"


def test_a_stand_in_of_an_earlier_bundle_is_not_counted_as_replaced() -> None:
    redactor = Redactor()

    assert redactor.host_name("host-1\n") == "host-1\n"
    assert not redactor.places


def test_guests_lose_their_names_alone() -> None:
    listing = [
        {"domid": 0, "config": {}},
        {"domid": 3, "config": {"c_info": {"type": "hvm", "name": "payroll"}, "pcidevs": [{}]}},
        {"domid": 4, "config": {"c_info": {"type": "pv", "name": "payroll-2"}}},
    ]
    text = Redactor().guests(json.dumps(listing))

    assert "payroll" not in text
    first, second, third = json.loads(text)
    assert first == listing[0]
    assert second["config"] == {"c_info": {"type": "hvm", "name": "guest-1"}, "pcidevs": [{}]}
    assert third["config"]["c_info"]["name"] == "guest-2"


def test_of_a_log_who_built_it_and_odd_options_go(worded: Worded) -> None:
    redactor = Redactor()
    log = (
        "(XEN) Xen version 4.17.1 (alice@build.example) (gcc 12) debug=n\n"
        '(XEN) parameter "hunter2" unknown!\n'
        '[    0.1] Unknown kernel command line parameters "pw=hunter2 IOMMU=1", will be passed\n'
    )

    worded(redactor.log(log), "4.17.1", "12", "debug=n", "0.1")
    assert redactor.places == {"removed": 3}


def test_a_log_of_one_long_line_is_read_once() -> None:
    """A pattern that begins anew at each character would take hours."""
    line = f"DMAR: IOMMU {'x' * 1_000_000}\n"

    assert Redactor().log(line) == line
    assert Redactor().log(f"{line}Command line: secret=1\n") == f"{line}Command line: \n"
