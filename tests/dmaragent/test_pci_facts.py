"""PCI functions from /proc/bus/pci and udev's database, and facts of several sources merged."""

from dmaragent.collect.support_reports.pci_facts import (
    PciFacts,
    agreed,
    config_address,
    from_config,
    from_proc_devices,
    from_udev_database,
    full_address,
    merge,
)
from support.config_space import EHCI_1D

VIRTUAL = bytes.fromhex("ffffffff000010000200000200000000") + bytes(48)
WHOLE = "\t".join(["00e8", "80861d26", "17", *["               0"] * 14, "ehci-pci"])
NO_DRIVER = "\t".join(["0000", "80863c00", "0", *["               0"] * 14, ""])


def test_configuration_space_has_class_and_ids() -> None:
    assert from_config(EHCI_1D) == PciFacts(
        class_number=0x0C03, interface=0x20, vendor=0x8086, device=0x1D26, config=EHCI_1D
    )


def test_ones_and_a_cut_space_say_nothing() -> None:
    assert from_config(b"\xff" * 256) == PciFacts()
    assert from_config(EHCI_1D[:15]) == PciFacts()


def test_the_ids_of_a_virtual_function_are_not_in_its_configuration_space() -> None:
    found = from_config(VIRTUAL)

    assert (found.class_number, found.vendor, found.device) == (0x0200, None, None)


def test_the_path_of_a_configuration_space_names_the_function() -> None:
    assert config_address("/proc/bus/pci/00/1d.0") == "0000:00:1d.0"
    assert config_address("/proc/bus/pci/0001:3f/00.7") == "0001:3f:00.7"
    assert config_address("/proc/bus/pci/10000:e1/00.0") == "10000:e1:00.0"
    assert config_address("/proc/bus/pci/devices") is None
    assert config_address("/proc/bus/pci/00/20.0") is None
    assert config_address("/proc/bus/pci/00/1d.0.orig") is None


def test_the_list_of_devices_has_ids_and_driver() -> None:
    assert from_proc_devices(f"{WHOLE}\n{NO_DRIVER}\n") == {
        "0000:00:1d.0": PciFacts(vendor=0x8086, device=0x1D26, driver="ehci-pci"),
        "0000:00:00.0": PciFacts(vendor=0x8086, device=0x3C00, driver=""),
    }


def test_blanks_after_the_driver_are_no_part_of_it() -> None:
    assert from_proc_devices(f"{WHOLE} \n")["0000:00:1d.0"].driver == "ehci-pci"
    assert from_proc_devices(f"{NO_DRIVER} \n")["0000:00:00.0"].driver == ""


def test_a_line_without_its_last_columns_has_no_driver_unless_it_is_named() -> None:
    found = from_proc_devices(
        "00d0\t80861d2d\t17\tehci-pci\n0000\t80863c00\t0\n00f8\t80861d41\t0\tff\n"
    )

    assert found["0000:00:1a.0"].driver == "ehci-pci"
    assert found["0000:00:00.0"].driver is None
    assert found["0000:00:1f.0"].driver is None


def test_the_list_has_no_segments_so_a_line_that_two_segments_could_have_is_left_out() -> None:
    both = ("0000:00:1d.0", "0001:00:1d.0")

    assert from_proc_devices(WHOLE, both) == {}
    assert list(from_proc_devices(WHOLE, ("0001:00:1d.0",))) == ["0001:00:1d.0"]
    assert from_proc_devices(f"{WHOLE}\n{WHOLE}\n") == {}
    assert from_proc_devices(f"{WHOLE}\n{WHOLE}\n{WHOLE}\n") == {}


def test_other_lines_are_passed_over() -> None:
    assert from_proc_devices("00e8 80861d26\nzzzz\t80861d26\t0\n00e8\tzz\t0\n\n") == {}


UDEV = """\
P: /devices/pci0000:00/0000:00:1c.0
E: DEVPATH=/devices/pci0000:00/0000:00:1c.0
E: DRIVER=pcieport
E: PCI_CLASS=60400
E: PCI_ID=8086:1D10
E: SUBSYSTEM=pci

P: /devices/pci0000:00/0000:00:1c.0/0000:02:00.0
E: PCI_CLASS=20000
E: PCI_ID=8086:1572
E: ID_VENDOR_FROM_DATABASE=Intel Corporation
E: SUBSYSTEM=pci

P: /devices/pci0000:00/0000:00:1c.0/0000:02:00.0/net/eth0
E: SUBSYSTEM=net
"""


def test_udevs_database_has_classes_drivers_names_and_where_bridges_lead() -> None:
    assert from_udev_database(UDEV) == {
        "0000:00:1c.0": PciFacts(
            class_number=0x0604,
            interface=0,
            vendor=0x8086,
            device=0x1D10,
            driver="pcieport",
            secondary_bus=2,
        ),
        "0000:02:00.0": PciFacts(
            class_number=0x0200,
            interface=0,
            vendor=0x8086,
            device=0x1572,
            driver="",
            names=(("ID_VENDOR_FROM_DATABASE", "Intel Corporation"),),
        ),
    }


def test_the_first_source_of_a_fact_counts_and_gaps_are_filled() -> None:
    address = "0000:00:1d.0"
    first = {address: PciFacts(class_number=0x0C03, driver="")}
    second = {address: PciFacts(class_number=0x0C03, interface=0x20, driver="x", vendor=1)}

    assert merge([first, second]) == {
        address: PciFacts(class_number=0x0C03, interface=0x20, driver="", vendor=1)
    }


def test_the_interface_of_another_class_is_not_taken() -> None:
    merged = merge(
        [{"a": PciFacts(class_number=0x0300)}, {"a": PciFacts(class_number=1, interface=2)}]
    )

    assert merged["a"] == PciFacts(class_number=0x0300)


def test_an_address_without_segment_is_in_segment_0() -> None:
    assert full_address("3F:00.0") == "0000:3f:00.0"
    assert full_address("00:1d") is None


def test_what_two_files_contradict_each_other_in_is_not_known() -> None:
    proc = {"0000:00:02.0": PciFacts(vendor=0x8086, device=0x3EAA, driver="vfio-pci")}
    lspci = {
        "0000:00:02.0": PciFacts(vendor=0x8086, device=0x3E98, driver="i915", class_number=0x0300)
    }

    facts = agreed([proc, lspci])["0000:00:02.0"]

    assert (facts.vendor, facts.device, facts.driver) == (0x8086, None, None)
    assert facts.class_number == 0x0300
    assert facts.driver_contradicted


def test_a_file_that_names_no_driver_contradicts_none() -> None:
    silent = {"0000:00:02.0": PciFacts(driver="")}
    named = {"0000:00:02.0": PciFacts(driver="i915")}

    for files in ([named, silent], [silent, named], [silent, silent, named]):
        facts = agreed(files)["0000:00:02.0"]
        assert (facts.driver, facts.driver_contradicted) == ("i915", False)
    assert agreed([silent, silent])["0000:00:02.0"].driver == ""
