"""Listings of lspci in all its forms: the facts they hold, and none that they do not hold."""

import pytest

from dmaragent.collect.support_reports.lspci import from_lspci
from dmaragent.collect.support_reports.pci_facts import PciFacts
from support.config_space import EHCI_1D, rows

USB = "0000:00:1d.0"
VERY_VERBOSE = """\
00:1c.0 PCI bridge [0604]: Intel Corporation PCI Express Root Port 1 [8086:1d10] (rev b5) (prog-if 00 [Normal decode])
\tPhysical Slot: 7-1
\tControl: I/O+ Mem+ BusMaster+
\tBus: primary=00, secondary=02, subordinate=05, sec-latency=0
\tIOMMU group: 12
\tKernel driver in use: pcieport
\tKernel modules: shpchp

00:1d.0 USB controller [0c03]: Intel Corporation C600/X79 series [x] USB2 #1 [8086:1d26] (rev 05) (prog-if 20 [EHCI])
\tSubsystem: Dell Device [1028:04da]
\tFlags: bus master, medium devsel, latency 0
\tKernel driver in use: ehci-pci

00:1f.3 SMBus [0c05]: Intel Corporation SMBus [8086:1d22] (rev 05)
\tControl: I/O+ Mem+ BusMaster-
"""


def test_a_verbose_listing_has_class_ids_driver_group_slot_and_the_bus_behind_a_bridge() -> None:
    assert from_lspci(VERY_VERBOSE) == {
        "0000:00:1c.0": PciFacts(
            class_number=0x0604,
            interface=0,
            vendor=0x8086,
            device=0x1D10,
            driver="pcieport",
            secondary_bus=2,
            slot="7-1",
            group=12,
            total_vfs=0,
            physical_function="",
        ),
        USB: PciFacts(
            class_number=0x0C03,
            interface=0x20,
            vendor=0x8086,
            device=0x1D26,
            driver="ehci-pci",
            total_vfs=0,
            physical_function="",
        ),
        "0000:00:1f.3": PciFacts(
            class_number=0x0C05,
            interface=0,
            vendor=0x8086,
            device=0x1D22,
            driver="",
            total_vfs=0,
            physical_function="",
        ),
    }


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("00:1d.0 0c03: 8086:1d26 (rev 05)", (0x0C03, None, 0x8086, 0x1D26)),
        ("00:1d.0 Class 0c03: 8086:1d26 (rev 05)", (0x0C03, None, 0x8086, 0x1D26)),
        ("0000:00:1d.0 USB controller [0c03]: X [8086:1d26]", (0x0C03, None, 0x8086, 0x1D26)),
        ("00:1d.0 USB controller: Intel C600 (rev 05)", (None, None, None, None)),
        ("00:1d.0 USB: X (rev 05) (prog-if 20 [EHCI])", (None, 0x20, None, None)),
        ('00:1d.0 "0c03" "8086" "1d26" -r05 -p20 "1028" "04da"', (0x0C03, 0x20, 0x8086, 0x1D26)),
        ('00:1d.0 "Class 0c03" "8086" "1d26" "" ""', (None, None, 0x8086, 0x1D26)),
        ('00:1d.0 "USB [0c03]" "I \\" [8086]" "C [1d26]" "" ""', (0x0C03, 0, 0x8086, 0x1D26)),
        ("00:1d.0 VGA [0300]: X [10de:1b80] (rev ff) (prog-if ff)", (0x0300, None, 0x10DE, 0x1B80)),
        (
            (
                "Slot:\t00:1d.0\nClass:\tUSB controller [0c03]\nVendor:\tIntel [8086]\n"
                "Device:\tC600 [1d26]\nRev:\t05\nProgIf:\t20\n"
            ),
            (0x0C03, 0x20, 0x8086, 0x1D26),
        ),
        (
            (
                "Device:\t00:1d.0\nClass:\tUSB controller [0c03]\nVendor:\tIntel [8086]\n"
                "Device:\tC600 [1d26]\nProgIf:\tzz\n"
            ),
            (0x0C03, None, 0x8086, 0x1D26),
        ),
        ("Slot:\t00:1d.0\nClass:\t0c03\nVendor:\t8086\nDevice:\t1d26", (0x0C03, 0, 0x8086, 0x1D26)),
    ],
    ids=[
        "n",
        "old n",
        "nn",
        "names",
        "v names",
        "nm",
        "no class",
        "nnm",
        "dead",
        "vmmnn",
        "vm",
        "vmmn",
    ],
)
def test_each_form_of_a_listing_says_what_it_has_and_no_more(
    text: str, facts: tuple[int | None, ...]
) -> None:
    found = from_lspci(text)[USB]

    assert (found.class_number, found.interface, found.vendor, found.device) == facts


def test_records_have_driver_slot_and_group() -> None:
    text = "Slot:\t03:00.0\nClass:\tX [0200]\nPhySlot:\t4\nDriver:\tixgbe\nModule:\tm\nIOMMUGroup:\t9\n"

    found = from_lspci(text)["0000:03:00.0"]

    assert (found.driver, found.slot, found.group) == ("ixgbe", "4", 9)


def test_a_short_listing_does_not_say_that_a_device_has_no_driver() -> None:
    assert from_lspci("00:1d.0 USB [0c03]: X [8086:1d26]\n\tSubsystem: Y\n")[USB].driver is None
    assert from_lspci("00:1d.0 USB [0c03]: X [8086:1d26]\n\tFlags: fast\n")[USB].driver == ""


def test_a_dump_of_configuration_space_is_read_up_to_its_first_gap() -> None:
    text = "00:1d.0 USB controller: Intel\n" + rows(EHCI_1D, without={0x20})

    found = from_lspci(text)[USB]

    assert found.config == EHCI_1D[:32]
    assert (found.class_number, found.interface, found.vendor) == (0x0C03, 0x20, 0x8086)


def test_a_row_of_a_dump_with_other_text_is_a_gap() -> None:
    """As where the line of another program runs into it."""
    whole = rows(EHCI_1D)
    row = whole.splitlines()[2]
    text = "00:1d.0 USB controller: Intel\n" + whole.replace(row, f"{row} (XEN) x")

    assert from_lspci(text)[USB].config == EHCI_1D[:32]


@pytest.mark.parametrize("segment", ["0000", "0001"])
def test_a_physical_function_names_its_virtual_functions_that_are_there(segment: str) -> None:
    text = """\
SEGMENT:81:00.0 Ethernet [0200]: X [8086:1572]
\tFlags: bus master
\tCapabilities: [160] Single Root I/O Virtualization (SR-IOV)
\t\tInitial VFs: 64, Total VFs: 64, Number of VFs: 2, Function Dependency Link: 00
\t\tVF offset: 16, stride: 1, Device ID: 154c
SEGMENT:81:02.0 Ethernet [0200]: X [8086:154c]
0002:81:02.0 Ethernet [0200]: X [8086:154c]
"""

    found = from_lspci(text.replace("SEGMENT", segment))

    assert found[f"{segment}:81:00.0"].total_vfs == 64
    assert found[f"{segment}:81:02.0"].physical_function == f"{segment}:81:00.0"
    assert f"{segment}:81:02.1" not in found
    assert found["0002:81:02.0"].physical_function is None


@pytest.mark.parametrize(
    "capability",
    [
        "Capabilities: <access denied>",
        "Capabilities: [160] Single Root I/O Virtualization (SR-IOV)",
    ],
)
def test_without_all_capabilities_no_function_is_known_not_to_be_virtual(capability: str) -> None:
    text = f"""\
81:00.0 Ethernet [0200]: X [8086:1572]
\tFlags: bus master
\t{capability}
81:02.0 Ethernet [0200]: X [8086:154c]
\tFlags: bus master
"""
    found = from_lspci(text)

    assert found["0000:81:00.0"].total_vfs is None
    assert {facts.physical_function for facts in found.values()} == {None}


def test_segments_are_kept_and_other_texts_hold_no_function() -> None:
    assert list(from_lspci("0001:00:1D.0 X [0c03]: Y [8086:1d26]".lower())) == ["0001:00:1d.0"]
    assert list(from_lspci("10000:e1:00.0 0108: 8086:0a54")) == ["10000:e1:00.0"]
    for text in (
        "-[0000:00]-+-00.0  Intel Corporation\n           +-1d.0  Intel\n",
        "pcilib: Cannot open /proc/bus/pci\nlspci: Cannot find any working access method.\n",
        "00:20.0 device 20 cannot be\n",
        "",
    ):
        assert from_lspci(text) == {}
