"""``inventory`` and ``explain`` of copied hosts: regions by Linux's word, devices by any spelling."""

from pathlib import Path

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host.groups import IommuGroup
from dmaragent.iommu.model import Difference
from dmaragent.linux.unexplained_regions import UnexplainedRegion
from support.cli import check_document, run
from support.inventories import UNIT, inventory_of
from support.machines import MACHINES
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded, lines_about

Capture = pytest.CaptureFixture[str]
HP = MACHINES / "hp-dl380e-gen8"
_DIRECT = "0x00000000a0000000 0x00000000afffffff direct\n"
_MSI = "0x00000000fee00000 0x00000000feefffff msi\n"


def _write(root: Path, **files: str | bytes) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _function(root: Path, name: str, *, as_text: bool) -> None:
    """Add a PCI function whose entry is a link to its directory, or a file with its target."""
    folder = f"sys/devices/pci0000:00/{name}"
    for attribute, value in (("class", "0x010802"), ("vendor", "0x144d"), ("device", "0xa80c")):
        _write(root, **{f"{folder}/{attribute}": f"{value}\n"})
    link = root / "sys/bus/pci/devices" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    target = f"../../../devices/pci0000:00/{name}"
    if as_text:
        link.write_text(target)
    else:
        link.symlink_to(target)


def _arm(root: Path, regions: str = _DIRECT + _MSI, *, as_text: bool = False) -> Path:
    group = "sys/kernel/iommu_groups/12"
    _write(root, **{"sys/firmware/acpi/tables/IORT": b"IORT"})
    _write(root, **{f"{group}/reserved_regions": regions, f"{group}/devices/0000:01:00.0": ""})
    _write(root, **{"proc/sys/kernel/osrelease": "6.8.12-pve\n"})
    _function(root, "0000:01:00.0", as_text=as_text)
    return root


@pytest.mark.parametrize("as_text", [False, True])
def test_regions_that_no_table_names_are_shown(
    tmp_path: Path, capsys: Capture, worded: Worded, *, as_text: bool
) -> None:
    root = _arm(tmp_path, as_text=as_text)

    ran = run(capsys, "inventory", "--host", root)
    document = run(capsys, "inventory", "--host", root, "--json").document

    assert ran.code == 1
    worded(lines_about(ran.out, "0xa0000000-0xafffffff"), "direct", "12", "0000:01:00.0")
    assert all(len(line) <= 80 or str(root) in line for line in ran.out.splitlines())
    check_document(document)
    assert document["answer"]["linux"]["published"] == [
        {
            "base": "0xa0000000",
            "limit": "0xafffffff",
            "size": 1 << 28,
            "type": "direct",
            "groups": [12],
        }
    ]
    assert document["answer"]["differences"] == []
    (group,) = document["answer"]["linux"]["groups"]
    assert (group["number"], group["devices"]) == (12, ["0000:01:00.0"])
    assert [one["type"] for one in group["regions"]] == ["direct", "msi"]


def test_a_group_without_a_region_of_firmware_is_only_in_the_answer_about_its_device(
    tmp_path: Path, capsys: Capture
) -> None:
    root = _arm(tmp_path)
    other = "sys/kernel/iommu_groups/13"
    _write(root, **{f"{other}/reserved_regions": _MSI, f"{other}/devices/0000:02:00.0": ""})
    _function(root, "0000:02:00.0", as_text=True)

    def groups(*options: str) -> list[int]:
        answer = run(capsys, "inventory", "--host", root, "--json", *options).document["answer"]
        return [group["number"] for group in answer["linux"]["groups"]]

    assert groups() == [12]
    assert groups("--device", "02:00.0") == [13]


def test_a_host_that_publishes_no_region_of_firmware_still_has_no_answer(
    tmp_path: Path, capsys: Capture
) -> None:
    assert run(capsys, "inventory", "--host", _arm(tmp_path, _MSI)).code == 2


def test_of_one_device_linux_reports_that_there_is_none(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "inventory", "--device", "01:00.0", "--host", _arm(tmp_path, _MSI))

    worded(lines_about(ran.out, "group 12"))


def test_a_link_written_as_text_is_a_link(tmp_path: Path, capsys: Capture) -> None:
    ran = run(capsys, "explain", "01:00.0", "--host", _arm(tmp_path, as_text=True), "--json")

    assert ran.document["answer"]["function"]["device_id"] == "0xa80c"
    assert ran.document["answer"]["problems"] == []
    assert ran.document["answer"]["linux"]["can"] == "no"
    assert ran.code == 1


@pytest.mark.parametrize("text", ["..", "../" * 3 + "\n", "../a b", "../\0", "0x8086\n"])
def test_other_text_is_no_link(tmp_path: Path, capsys: Capture, text: str) -> None:
    root = _arm(tmp_path)
    driver = root / "sys/devices/pci0000:00/0000:01:00.0/driver"
    driver.write_text(text)

    ran = run(capsys, "explain", "01:00.0", "--host", root, "--json")

    assert ran.document["answer"]["function"]["driver"] is None
    assert any("driver" in line for line in ran.document["answer"]["problems"])


@pytest.mark.parametrize("spelling", ["pci_0000_0a_00_0", "dom0:0a_00.0", "0000:0a:00", "0a:00."])
def test_a_device_is_found_by_any_spelling(spelling: str, capsys: Capture) -> None:
    explained = run(capsys, "explain", spelling, "--host", HP, "--json")
    listed = run(capsys, "inventory", "--device", spelling, "--host", HP, "--json")

    assert explained.document["answer"]["device"] == "0000:0a:00.0"
    assert listed.document["answer"]["device"] == "0000:0a:00.0"


def test_of_several_functions_all_are_named_and_none_is_taken(capsys: Capture) -> None:
    ran = run(capsys, "explain", "0000:01:00", "--host", HP)

    assert ran.code == 2
    assert ran.out == ""
    assert "0000:01:00.0 0000:01:00.2" in ran.err


def test_of_a_table_alone_the_function_has_to_be_given(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    path.write_bytes(
        table(drhd(0xFED90000, flags=1), rmrr(0xAD800000, 0xAD80FFFF, scope(1, 0, (0x1D, 0))))
    )

    ran = run(capsys, "explain", "00:1d", "--host", path)

    assert ran.code == 2
    worded(ran.err)
    assert "0000:00:1d.0" in ran.err


def test_decimal_notation_is_said_to_be_read_as_that(capsys: Capture) -> None:
    ran = run(capsys, "explain", "PCI:10:0:0", "--host", HP)

    assert "PCI:10:0:0" in ran.err
    assert "decimal (Xorg)" in ran.err
    assert "0000:0a:00.0" in ran.err
    assert ran.out.startswith("0000:0a:00.0 ")


def test_boot_options_take_the_same_spellings(capsys: Capture) -> None:
    plain = run(capsys, "rmrr-option", "0x7dffd000-0x7dffffff=0000:0a:00.0", "--host", HP)
    other = run(capsys, "rmrr-option", "0x7dffd000-0x7dffffff=pci_0000_0a_00_0", "--host", HP)

    assert plain.out.replace("0000:0a:00.0", "") == other.out.replace("0000:0a:00.0", "")
    assert plain.code == other.code


def test_hotplug_takes_the_same_spellings(tmp_path: Path, capsys: Capture) -> None:
    guest = tmp_path / "guest.cfg"
    guest.write_text('name = "g"\ntype = "hvm"\nmemory = 1024\npassthrough = "enabled"\n')

    plain = run(capsys, "hotplug", "0a:00.0", "--into", guest, "--host", HP)
    other = run(capsys, "hotplug", "dom0:0a_00.0", "--into", guest, "--host", HP)

    assert "0000:0a:00.0" in other.err
    assert plain.code == other.code


def test_a_device_that_xen_refuses_whatever_is_refused_in_every_case(
    capsys: Capture, worded: Worded
) -> None:
    dom0 = MACHINES / "xen-pv-dom0"

    answer = run(capsys, "explain", "04:02.0", "--host", dom0, "--json").document["answer"]

    assert answer["xen"]["can"] == "no"
    assert {case["can"] for case in answer["xen"]["cases"]} == {"no"}
    assert {one["can"] for one in answer["toolstacks"]} == {"no"}
    worded(answer["notes"])


@pytest.mark.parametrize(("device", "count"), [("01:00.0", 0), ("00:03.0", 1)])
def test_a_difference_is_shown_for_its_own_device_alone(
    device: str, count: int, capsys: Capture
) -> None:
    dom0 = MACHINES / "xen-pv-dom0"

    ran = run(capsys, "inventory", "--device", device, "--host", dom0, "--json")

    assert len(ran.document["answer"]["differences"]) == count


def test_one_device_has_its_own_regions_and_differences_and_those_of_the_whole_host() -> None:
    inventory = inventory_of(
        UNIT,
        rmrr(0x1000, 0x1FFF, scope(1, 0, (0x14, 0))),
        rmrr(0x2000, 0x2FFF, scope(1, 0, (2, 0))),
    )
    usb, display = SBDF.parse("00:14.0"), SBDF.parse("00:02.0")
    groups = tuple(IommuGroup(number, (one,), ()) for number, one in enumerate((usb, display)))
    both, other = (
        UnexplainedRegion(AddressRange(0x9000, 0xA000), "direct", own)
        for own in (groups, groups[1:])
    )
    differences = (
        Difference(None, "of the host"),
        Difference(None, "of USB", frozenset({usb})),
        Difference(None, "of the display", frozenset({display})),
        Difference(None, "of a group without functions", frozenset()),
        Difference(1, "of the first region"),
        Difference(2, "of the second region"),
        Difference(2, "of USB in the second region", frozenset({usb})),
    )

    found = inventory._replace(published=(both, other), differences=differences).of_device(usb)
    assert [region.number for region in found.regions] == [1]
    assert found.published == (both,)
    assert found.differences == (differences[0], differences[1], differences[4])
