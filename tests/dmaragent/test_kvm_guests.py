"""A KVM guest starts or not by VFIO's rules: the type of a region, the kernel, where RAM lies."""

import pytest

from dmaragent.addresses import AddressRange
from dmaragent.passthrough.kvm_resolution import KvmResolution, RegionsSource
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Effect, Harm, Verdict
from dmaragent.readings import Missing, MissingKind
from support.explained import HIGH, MATE, NIC, UNIT, USB, bare, grouped, made, told
from support.hosts import Function
from support.kvm import DISK, domain, hostdev, publishing, resolved
from support.tables import rmrr, scope, table
from support.wording import Worded

_LOW = "0x0000000020000000 0x0000000020ffffff {}\n"
"""A region that the RAM of any guest of 8 GiB covers."""
_HOLE = "0x00000000c8000000 0x00000000c8ffffff {}\n"
"""A region in the hole of a guest of 8 GiB: of q35 from 2 GiB on, of pc from 3 GiB on."""
_ABOVE = "0x0000000400000000 0x0000000400ffffff {}\n"
"""A region above the RAM of a guest of 8 GiB."""


def _effects(found: KvmResolution) -> list[str]:
    return [one.effect.value for one in found.reasons]


@pytest.mark.parametrize(
    ("region", "table", "kernel", "verdict", "error"),
    [
        (_LOW.format("direct"), "IVRS", "6.8.12-4-pve", "refused", "EINVAL"),
        (_ABOVE.format("direct"), "IVRS", "6.6.0", "refused", "EINVAL"),
        (_ABOVE.format("direct"), "DMAR", "6.5.0", "refused", "EPERM"),
        (_LOW.format("direct"), "IVRS", "6.5.13-6-pve", "refused", "EINVAL"),
        (_HOLE.format("direct"), "IVRS", "6.5.13-6-pve", "starts", "EINVAL"),
        (_LOW.format("direct"), "IVRS", "5.3.0", "starts", ""),
        (_HOLE.format("direct"), "IVRS", None, "undecided", ""),
        (_HOLE.format("direct"), "IVRS", "5.14.0-427.13.1.el9_4.x86_64", "undecided", ""),
        (_HOLE.format("direct"), "", "6.1.0", "starts", "EINVAL"),
        (_LOW.format("direct-relaxable"), "DMAR", "6.12.0", "starts", ""),
        (_ABOVE.format("direct-relaxable"), "DMAR", None, "starts", ""),
        (_LOW.format("reserved"), "IVRS", "6.12.0", "refused", "EINVAL"),
        (_HOLE.format("reserved"), "IVRS", "6.12.0", "starts", None),
        (_ABOVE.format("reserved"), "IVRS", "6.12.0", "starts", None),
        (_LOW.format("msi"), "IVRS", "6.12.0", "starts", None),
        ("0x1000000 0x1ffffff newer\n", "IVRS", "6.12.0", "undecided", ""),
        ("", "IVRS", "6.12.0", "starts", None),
    ],
)
def test_type_kernel_and_ram_decide_together(
    region: str, table: str, kernel: str | None, verdict: str, error: str | None
) -> None:
    found = resolved(domain(hostdev()), publishing(region, table, kernel))

    assert found.verdict.value == verdict
    if error is None:
        assert found.reasons == ()
    else:
        rule = found.reasons[0].rule
        assert ("" if rule is None else rule.error) == error


def test_firmware_dma_into_guest_ram_is_a_warning_that_names_device_and_region() -> None:
    found = resolved(domain(hostdev()), publishing(_LOW.format("direct-relaxable"), "DMAR", "6.8"))

    (warning,) = found.reasons
    assert (warning.effect, str(warning.device)) == (Effect.WARNING, "0000:01:00.0")
    assert warning.region is not None
    assert (warning.region.start, warning.place) == (0x20000000, "guest:6")
    assert "overwrite" in warning.reason
    assert warning.harm is Harm.CORRUPTION


def test_without_ram_there_firmware_dma_faults() -> None:
    found = resolved(domain(hostdev()), publishing(_ABOVE.format("direct-relaxable"), "DMAR", "6"))

    assert "fault" in found.reasons[0].reason
    assert found.reasons[0].harm is Harm.NONE


@pytest.mark.parametrize(
    ("machine", "memory", "verdict"),
    [
        ("pc-q35-8.2", "<memory unit='GiB'>8</memory>", "starts"),
        ("pc-i440fx-8.2", "<memory unit='MiB'>3300</memory>", "refused"),
        ("pc-i440fx-8.2", "<memory unit='MiB'>3584</memory>", "starts"),
        ("microvm", "<memory unit='GiB'>8</memory>", "undecided"),
        ("pc-q35-8.2", "", "undecided"),
        ("", "<memory unit='MiB'>3300</memory>", "undecided"),
        ("", "<memory unit='GiB'>2</memory>", "starts"),
    ],
)
def test_the_machine_type_decides_whether_ram_meets_a_region(
    machine: str, memory: str, verdict: str
) -> None:
    host = publishing(_HOLE.format("reserved"), "IVRS", "6.12.0")

    assert resolved(domain(hostdev(), memory, machine), host).verdict.value == verdict


def test_where_plugged_memory_lies_above_4_gib_is_unknown() -> None:
    memory = "<maxMemory slots='4' unit='GiB'>64</maxMemory><memory unit='GiB'>8</memory>"
    host = publishing(_ABOVE.format("reserved"), "IVRS", "6.12.0")

    assert resolved(domain(hostdev(), memory), host).verdict.value == "undecided"


# The table alone -------------------------------------------------------------------------


def test_the_table_predicts_where_linux_publishes_nothing() -> None:
    host = grouped(made(HIGH, kernel="6.1.0"), g3=["0000:00:19.0"])
    found = resolved(domain(hostdev("bus='0' slot='0x19' function='0'")), host)

    assert (found.verdict, found.regions_source) == (Verdict.REFUSED, RegionsSource.PREDICTED)
    assert found.reasons[0].shown.startswith("Device is ineligible")


@pytest.mark.parametrize(
    ("kernel", "verdict"),
    [
        ("5.2.0", Verdict.STARTS),
        ("5.3.0", Verdict.REFUSED),
        ("4.18.0-553.el8_10.x86_64", Verdict.REFUSED),
        ("", Verdict.REFUSED),
    ],
)
def test_a_region_of_a_bridge_concerns_what_is_behind_it_from_linux_5_3_on(
    kernel: str, verdict: Verdict
) -> None:
    """Of a kernel with backports, and of an unknown one, it is not certain that it is older."""
    bridge = Function(sbdf="0000:00:01.0", class_code=0x060400, secondary_bus=1)
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(2, 0, (1, 0)))
    host = made(region, functions=[DISK, bridge], kernel=kernel)
    grouped(host, g1=[bridge.sbdf], g12=[DISK.sbdf])

    found = resolved(domain(hostdev()), host)

    assert found.verdict is verdict
    refusing = [one.region for one in found.reasons if one.effect is Effect.REFUSED]
    expected = [AddressRange(0xAD800000, 0xAD810000)] if verdict is Verdict.REFUSED else []
    assert refusing == expected


def test_on_intel_a_locked_device_is_refused_whatever_the_kernel() -> None:
    host = grouped(made(HIGH), g3=["0000:00:19.0"])
    found = resolved(domain(hostdev("bus='0' slot='25' function='0'")), host)

    assert found.verdict.value == "refused"
    assert "EPERM" in found.reasons[0].reason
    assert "EINVAL" in found.reasons[0].reason


def test_of_a_table_alone_nothing_is_promised() -> None:
    guest = domain(hostdev("bus='0' slot='0x02' function='0'"))

    assert resolved(guest, bare(HIGH)).verdict.value == "undecided"


def test_an_unknown_group_is_said_and_leaves_the_answer_open() -> None:
    usb = rmrr(0xAD000000, 0xAD00FFFF, scope(1, 0, (0x1D, 0)))
    found = resolved(domain(hostdev("bus='0' slot='0x1d' function='0'")), made(usb, kernel="6.1"))

    assert found.verdict.value == "undecided"
    assert any("iommu_groups" in one.reason for one in found.reasons)


# The host --------------------------------------------------------------------------------


def test_a_device_that_is_not_present_is_refused(worded: Worded) -> None:
    found = resolved(
        domain(hostdev("bus='9' slot='0' function='0'")), publishing("", "IVRS", "6.12.0")
    )

    assert found.verdict.value == "refused"
    worded(found.reasons[0].reason, "0000:09:00.0")


def test_without_iommu_groups_vfio_has_no_device() -> None:
    host = made(HIGH, kernel="6.12.0")
    host.directories["/sys/kernel/iommu_groups"] = ()

    found = resolved(domain(hostdev("bus='0' slot='0x1d' function='0'")), host)
    assert found.verdict.value == "refused"


def test_a_guest_without_devices_starts() -> None:
    found = resolved(domain(), publishing(_LOW.format("direct"), "IVRS", "6.12.0"))

    assert (found.verdict.value, found.reasons) == ("starts", ())


@pytest.mark.parametrize(
    ("driver", "given", "verdict"),
    [
        ("snd_hda_intel", False, "refused"),
        ("snd_hda_intel", True, "starts"),
        ("vfio-pci", False, "starts"),
        ("mlx5_vfio_pci", False, "starts"),
        (None, False, "starts"),
    ],
)
def test_the_group_goes_whole(
    driver: str | None, verdict: str, worded: Worded, *, given: bool
) -> None:
    mate = Function(sbdf="0000:01:00.1", class_code=0x040300, driver=driver)
    devices = hostdev() + (hostdev("bus='1' slot='0' function='1'") if given else "")
    found = resolved(domain(devices), publishing("", "IVRS", "6.12.0", mate))

    assert found.verdict.value == verdict
    if verdict == "refused":
        worded(found.reasons[0].shown, "12")


def test_an_unmanaged_device_must_be_bound_first() -> None:
    found = resolved(domain(hostdev(managed="no")), publishing("", "IVRS", "6.12.0"))

    assert (found.verdict.value, len(found.prerequisites)) == ("starts", 1)
    assert "0000:01:00.0" in found.prerequisites[0]
    managed = resolved(domain(hostdev(managed="yes")), publishing("", "IVRS", "6.12.0"))
    assert (managed.verdict.value, managed.prerequisites) == ("starts", ())


def test_a_bridge_is_not_passed_through() -> None:
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=1)
    host = publishing("", "IVRS", "6.12.0", bridge, disk=DISK)

    found = resolved(domain(hostdev("bus='0' slot='0x1c' function='0'")), host)
    assert found.verdict.value != "starts"


def test_under_xen_a_kvm_guest_is_given_nothing() -> None:
    host = made(HIGH, functions=[NIC, USB, MATE])
    host.files["/sys/firmware/acpi/tables/RMAD"] = host.files.pop("/sys/firmware/acpi/tables/DMAR")
    host.directories["/sys/firmware/acpi/tables"] = ("RMAD",)
    found = resolved(domain(hostdev("bus='0' slot='0x19' function='0'")), host)

    assert found.verdict.value == "refused"
    assert "Xen" in found.reasons[0].reason


# A slot ----------------------------------------------------------------------------------


def test_without_a_function_proxmox_gives_the_whole_slot() -> None:
    audio = Function(sbdf="0000:01:00.1", class_code=0x040300, driver="snd_hda_intel")
    other = Function(sbdf="0000:02:00.0")
    host = publishing(_LOW.format("direct"), "IVRS", "6.12.0", audio)
    found = resolved("memory: 4096\nmachine: q35\nhostpci0: 01:00,pcie=1\n", host)

    assert [str(one.sbdf) for one in found.functions] == ["0000:01:00.0", "0000:01:00.1"]
    assert other.sbdf not in map(str, found.devices)
    assert found.verdict.value == "refused"


def test_a_slot_without_a_function_is_refused_by_proxmox() -> None:
    found = resolved("memory: 4096\nhostpci0: 05:00\n", publishing("", "IVRS", "6.12.0"))

    assert (found.verdict.value, found.reasons[0].decider.value) == ("refused", "Proxmox")


def test_the_functions_of_a_slot_are_unknown_if_none_were_collected() -> None:
    found = resolved("memory: 4096\nhostpci0: 00:19\n", bare(HIGH))

    assert found.verdict.value == "undecided"
    assert "functions" in found.reasons[0].reason


def test_what_may_assign_more_leaves_the_answer_open() -> None:
    host = publishing("", "IVRS", "6.12.0")

    assert resolved("memory: 4096\nhostpci0: mapping=gpu\n", host).verdict.value == "undecided"
    pool = "<interface type='network'><source network='vfs'/></interface>"
    assert resolved(domain(pool), host).verdict.value == "undecided"
    assert _effects(resolved(domain(pool), host)) == ["undecided"]


def test_a_predicted_region_does_not_refuse_before_linux_3_17() -> None:
    host = publishing("", "DMAR", "3.16.0-4-amd64")
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 1, (0, 0)))
    host.files["/sys/firmware/acpi/tables/DMAR"] = table(UNIT, region)
    del host.files["/sys/kernel/iommu_groups/12/reserved_regions"]

    assert resolved(domain(hostdev()), host).verdict is Verdict.STARTS

    host.files["/proc/sys/kernel/osrelease"] = b"3.17.0\n"
    assert resolved(domain(hostdev()), host).verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("kernel", "verdict"), [("6.12.0-1", Verdict.REFUSED), ("6.1.0-1", Verdict.STARTS)]
)
def test_a_published_region_without_length_refuses_as_any_direct_one(
    kernel: str, verdict: Verdict
) -> None:
    host = publishing("0x000000003c600000 0x000000003c5fffff direct\n", "IVRS", kernel)
    host.files["/sys/firmware/acpi/tables/IVRS"] = Missing(MissingKind.DENIED, "denied")

    assert resolved(domain(hostdev()), host).verdict is verdict
    refused = verdict is Verdict.REFUSED
    assert told(host, "01:00.0").linux.can is (Can.NO if refused else Can.CONDITIONS)


def test_a_type_of_the_kernel_refutes_relax_rmrr_for_guests_too() -> None:
    direct = "0x00000000ad800000 0x00000000ad80ffff direct\n"
    host = publishing(direct, "", "6.8.12-9-pve")
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 1, (0, 0)))
    host.directories["/sys/firmware/acpi/tables"] = ("DMAR",)
    host.files["/sys/firmware/acpi/tables/DMAR"] = table(UNIT, region)
    host.files["/proc/cmdline"] = b"intel_iommu=on,relax_rmrr\n"

    assert resolved(domain(hostdev()), host).verdict is Verdict.REFUSED
    assert told(host, "01:00.0").linux.can is Can.NO
