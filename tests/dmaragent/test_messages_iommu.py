"""What a host says of its IOMMU, and of memory for DMA, where a message is about them."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.dma_address import DmaAddress
from dmaragent.messages.iommu_state import ABOUT_IOMMU, ABOUT_TABLE, iommu_state
from dmaragent.messages.model import Span
from dmaragent.messages.relate import relate_all
from dmaragent.present.json.why import why_document
from dmaragent.present.words.messages import here_words
from support import tables
from support.hosts import fake_host
from support.inventories import inventory_of
from support.ivrs_hosts import qemu
from support.machines import MACHINES
from support.tables import patched, resummed
from support.wording import Worded

NO_GROUP = "vfio 0000:05:00.0: no iommu_group found: No such file or directory"
NO_TABLE = "WARN (No ACPI DMAR table found, IOMMU either disabled in BIOS or not supported by this hardware platform)"
MAP = "kvm: vfio_dma_map(0x5e043daea2f0, {}, 0x2000000, 0x771a6ce00000) = -22 (Invalid argument)"
UNIT = tables.drhd(0xFED91000, flags=1)


@pytest.fixture
def machine() -> Callable[[str], Inventory]:
    """Return a reader of the recorded machines' inventories."""

    def read(name: str) -> Inventory:
        return take_inventory(join(collect(open_host(str(MACHINES / name)).reader)))

    return read


def host(
    line: str, groups: Mapping[str, str] | None = None, vendor: str = "GenuineIntel"
) -> Inventory:
    """Return the inventory of a host with this command line and these IOMMU groups."""
    files: dict[str, object] = {
        "/proc/cmdline": line.encode(),
        "/proc/cpuinfo": f"vendor_id : {vendor}\n".encode(),
    }
    directories: dict[str, object] = {"/sys/kernel/iommu_groups": tuple(groups or ())}
    for number, regions in (groups or {}).items():
        files[f"/sys/kernel/iommu_groups/{number}/reserved_regions"] = regions.encode()
        directories[f"/sys/kernel/iommu_groups/{number}/devices"] = ("0000:00:1f.0",)
    if vendor == "AuthenticAMD":
        fake = fake_host([], {"IVRS": qemu()})
        for name, values in (("files", files), ("directories", directories)):
            getattr(fake, name).update(values)
        return take_inventory(join(collect(fake)))
    return inventory_of(UNIT, files=files, directories=directories)


def told(text: str, inventory: Inventory) -> tuple[dict[str, Any], str]:
    """Return what the one message of `text` finds on the host: as a document and in words."""
    why = relate_all(recogniser().recognise(text), inventory)
    (each,) = why.matches
    document = why_document(why, "text", {"kind": "live", "path": ""})
    here: Any = document["answer"]["recognised"][0]["here"]
    return here, " ".join(here_words(each, table_known=True))


@pytest.mark.parametrize(
    ("line", "amd", "off_by", "on_by"),
    [
        ("", False, "", ""),
        ("intel_iommu=on", False, "", "intel_iommu=on"),
        ("intel_iommu=off", False, "intel_iommu=off", ""),
        ("intel_iommu=on intel_iommu=off", False, "intel_iommu=off", ""),
        ("intel_iommu=off intel_iommu=on", False, "", "intel_iommu=on"),
        ("intel_iommu=off,on", False, "", "intel_iommu=off,on"),
        ("intel_iommu=on,igfx_off", False, "", "intel_iommu=on,igfx_off"),
        ("intel_iommu=igfx_off", False, "", ""),
        ("intel_iommu=on iommu=off", False, "iommu=off", ""),
        ("iommu=pt", False, "", ""),
        ("iommu=pt,off", False, "iommu=pt,off", ""),
        ("amd_iommu=off", False, "", ""),
        ("amd_iommu=off", True, "amd_iommu=off", ""),
        ("intel_iommu=off", True, "", ""),
        ("acpi=off intel_iommu=on", False, "acpi=off", ""),
    ],
)
def test_the_option_that_decides_is_found(line: str, amd: bool, off_by: str, on_by: str) -> None:  # noqa: FBT001 - a column of the table
    inventory = host(line, vendor="AuthenticAMD" if amd else "GenuineIntel")

    state = iommu_state(inventory)

    assert (state.off_by, state.on_by) == (off_by, on_by)


def test_a_host_without_groups_or_option_says_both_and_that_its_table_is_there(
    worded: Worded,
) -> None:
    here, words = told(NO_GROUP, host("quiet"))

    assert here["iommu"] == {
        "groups": 0,
        "under_xen": False,
        "switched_off_by": "",
        "switched_on_by": "",
        "firmware_opts_out": False,
        "options_known": True,
        "xen_switched_off_by": "",
        "table": True,
    }
    worded(words, "intel_iommu=on")


def test_an_option_that_switches_the_iommu_off_is_named_and_replaced() -> None:
    here, words = told(NO_GROUP, host("intel_iommu=on intel_iommu=off"))

    assert here["iommu"]["switched_off_by"] == "intel_iommu=off"
    assert words.count("intel_iommu=off") == 1
    assert words.count("intel_iommu=on") == 1


def test_a_host_with_groups_says_that_a_container_may_hide_them() -> None:
    here, words = told(NO_GROUP, host("intel_iommu=on", {"0": ""}))

    assert here["iommu"]["groups"] == 1
    assert "container" in words


def test_a_host_with_the_table_says_so_to_who_did_not_see_it(worded: Worded) -> None:
    _, words = told(NO_TABLE, host("intel_iommu=on", {"0": ""}))

    worded(words)


def test_an_unknown_command_line_is_unknown() -> None:
    here, words = told(NO_GROUP, inventory_of(UNIT))

    assert here["iommu"]["options_known"] is False
    assert here["iommu"]["groups"] is None
    assert words.count("Unknown whether") == 2


def test_under_xen_no_linux_option_is_advised(
    machine: Callable[[str], Inventory], worded: Worded
) -> None:
    here, words = told(NO_GROUP, machine("xen-pv-dom0"))

    assert here["iommu"]["under_xen"] is True
    assert here["iommu"]["groups"] is None
    worded(words)


def test_a_message_of_xens_says_nothing_of_linux_groups(
    machine: Callable[[str], Inventory],
) -> None:
    _, words = told("(XEN) I/O virtualisation disabled", machine("xen-pv-dom0"))

    assert "IOMMU groups" not in words
    assert "Xen" in words


def test_an_address_beyond_the_hosts_width_is_said_to_be_too_high(
    machine: Callable[[str], Inventory], worded: Worded
) -> None:
    here, words = told(MAP.format("0x380010000000"), machine("lenovo-laptop"))

    assert here["addresses"] == []
    (address,) = here["dma"]
    assert (address["base"], address["limit"]) == ("0x380010000000", "0x380011ffffff")
    assert (address["address_bits"], address["host_address_bits"]) == (46, 39)
    assert "host-phys-bits-limit=39" in words
    worded(words)


def test_an_address_that_the_kernel_reserves_is_tied_to_that_range() -> None:
    groups = {"3": "0x00000000fee00000 0x00000000feefffff msi\n"}
    here, words = told(MAP.format("0xfee00000"), host("intel_iommu=on", groups))

    assert here["dma"][0]["reserved"] == [
        {"base": "0xfee00000", "limit": "0xfeefffff", "type": "msi"}
    ]
    assert "0xfee00000-0xfeefffff (msi)" in words


def test_memory_may_be_mapped_over_a_relaxable_region() -> None:
    groups = {"3": "0x00000000fee00000 0x00000000feefffff direct-relaxable\n"}
    here, _ = told(MAP.format("0xfee00000"), host("intel_iommu=on", groups))

    assert here["dma"][0]["reserved"] == []


def test_an_address_within_the_hosts_width_is_not_said_to_be_too_high(
    machine: Callable[[str], Inventory], worded: Worded
) -> None:
    _, words = told(MAP.format("0x100000000"), machine("lenovo-laptop"))

    worded(words, "33", "39")


@pytest.mark.parametrize(("bits", "too_high"), [(38, False), (39, False), (40, True)])
def test_a_mapping_that_needs_all_bits_of_the_host_is_not_too_high(
    bits: int, *, too_high: bool
) -> None:
    last = (1 << bits) - 1

    assert DmaAddress(Span(last - 0xFFF, last), width=39, reserved=()).too_high is too_high


def test_without_a_table_the_hosts_width_is_unknown(
    machine: Callable[[str], Inventory],
) -> None:
    here, words = told(MAP.format("0x380010000000"), machine("synthetic-sosreport-without-table"))

    assert here["dma"][0]["host_address_bits"] is None
    assert "unknown" in words


def test_ids_that_are_named_here_are_those_of_messages() -> None:
    assert {message.id for message in MESSAGES} >= ABOUT_IOMMU
    assert ABOUT_TABLE <= ABOUT_IOMMU


def test_a_message_that_does_not_say_so_says_nothing_of_the_iommu() -> None:
    here, _ = told("group 21 is not viable", host("intel_iommu=off"))

    assert here["iommu"] is None


def test_amds_words_on_an_intel_host_are_of_another_host(worded: Worded) -> None:
    here, words = told(NO_TABLE.replace("DMAR", "IVRS"), host("intel_iommu=on", {"0": ""}))

    assert here["fits"] is False
    worded(words)


def test_an_arm_hosts_words_say_nothing_of_intels_table() -> None:
    here, _ = told("WARN (No SMMU found)", host("", {"0": ""}))

    assert here["iommu"] is None


def test_that_xen_does_not_run_is_not_said_where_it_is_unknown(worded: Worded) -> None:
    _, unknown = told("passthrough not supported on this platform", inventory_of(UNIT))
    _, known = told("passthrough not supported on this platform", host("", {"0": ""}))

    worded(unknown)
    worded(known)


# The boot option -------------------------------------------------------------------------


def _steps(text: str, inventory: Inventory) -> dict[str, str]:
    """Return the commands and edits that a message offers, by boot loader."""
    (each,) = relate_all(recogniser().recognise(text), inventory).matches
    return {way.loader.value: " ".join((*way.lines, way.edit)) for way in each.option_steps}


@pytest.mark.parametrize(
    ("line", "loaders", "part"),
    [
        ("BOOT_IMAGE=/vmlinuz", ["grub"], "intel_iommu=on"),
        (r"initrd=\EFI\proxmox\6.8\initrd", ["proxmox-boot-tool"], "intel_iommu=on"),
        ("BOOT_IMAGE=/vmlinuz intel_iommu=off", ["grub"], "intel_iommu=off with intel_iommu=on"),
        ("BOOT_IMAGE=/vmlinuz iommu=off", ["grub"], "delete iommu=off"),
        ("", ["grub", "grubby", "proxmox-boot-tool", "systemd-boot"], "intel_iommu=on"),
        ("BOOT_IMAGE=/vmlinuz intel_iommu=on", [], ""),
    ],
)
def test_a_host_without_groups_gets_the_option_for_its_own_loader(
    line: str, loaders: list[str], part: str
) -> None:
    steps = _steps(NO_GROUP, host(line))

    assert list(steps) == loaders
    assert all(part in shown for shown in steps.values())


def test_a_host_with_groups_or_amd_s_iommu_needs_no_option() -> None:
    assert _steps(NO_GROUP, host("BOOT_IMAGE=/vmlinuz", {"0": ""})) == {}
    assert _steps(NO_GROUP, host("BOOT_IMAGE=/vmlinuz", vendor="AuthenticAMD")) == {}


@pytest.mark.parametrize(
    ("kernel", "line", "opts_out"),
    [
        ("7.3.1-amd64", "quiet", True),
        ("7.3.1-amd64", "intel_iommu=off", True),
        ("7.2.13-amd64", "quiet", False),
    ],
)
def test_no_option_is_proposed_if_a_flag_of_the_table_keeps_the_iommu_off(
    kernel: str,
    line: str,
    opts_out: bool,  # noqa: FBT001 - a column of the table
) -> None:
    fake = fake_host([], {"DMAR": resummed(patched(tables.table(UNIT), [(37, b"\x09")]))})
    fake.files |= {
        "/proc/cmdline": line.encode(),
        "/proc/cpuinfo": b"vendor_id : GenuineIntel\n",
        "/proc/sys/kernel/osrelease": f"{kernel}\n".encode(),
    }
    fake.directories["/sys/kernel/iommu_groups"] = ()
    inventory = take_inventory(join(collect(fake)))

    here, words = told(NO_GROUP, inventory)
    (each,) = relate_all(recogniser().recognise(NO_GROUP), inventory).matches

    assert here["iommu"]["firmware_opts_out"] is opts_out
    assert ("REMAP_OPT_OUT" in words) is opts_out
    assert ("command line" not in words) is opts_out
    assert (not each.option_steps) is opts_out


def test_under_xen_no_option_of_linux_is_proposed(machine: Callable[[str], Inventory]) -> None:
    xen = machine("xen-pv-dom0")
    assert iommu_state(xen).options_known
    assert iommu_state(xen).vendor is IommuVendor.INTEL

    assert _steps(NO_GROUP, xen) == {}


@pytest.mark.parametrize("groups", [None, {"0": ""}], ids=["no-groups", "groups"])
def test_linux_with_or_without_groups_is_known_to_run_without_xen(
    groups: Mapping[str, str] | None,
) -> None:
    assert iommu_state(host("", groups)).without_xen is True


def test_the_width_of_a_dmar_is_not_looked_for_in_amds_table() -> None:
    here, _ = told(MAP.format("0x380010000000"), host("", vendor="AuthenticAMD"))

    assert here["dma"][0]["host_address_bits"] is None


def test_of_many_reserved_ranges_the_lowest_three_are_named() -> None:
    groups = {
        str(number): f"{base:#018x} {base + 0xFFF:#018x} reserved\n"
        for number, base in enumerate((0x5000, 0x1000, 0x4000, 0x3000))
    }
    here, _ = told(MAP.format("0x0"), host("intel_iommu=on", groups))

    assert [region["base"] for region in here["dma"][0]["reserved"]] == [
        "0x1000",
        "0x3000",
        "0x4000",
    ]
