"""A KVM guest whose settings conflict, or whose host or kernel is known in part, is told so."""

from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.model import Can
from dmaragent.passthrough.vfio_regions import vfio_regions
from dmaragent.readings import Missing, MissingKind
from support.explained import UNIT, grouped, told
from support.hosts import Function, fake_host
from support.ivrs_hosts import device, qemu
from support.ivrs_tables import ivmd
from support.kvm import DISK, MSI, domain, hostdev, publishing, resolved
from support.tables import rmrr, scope, table
from support.wording import Worded

_CONF = "ostype: l26\nmemory: 2048\n{}\n"
_MATE = Function(sbdf="0000:01:00.1", class_code=0x040300)


@pytest.mark.parametrize(
    ("text", "decider"),
    [
        (domain(hostdev() + hostdev()), "QEMU"),
        (_CONF.format("hostpci0: 01:00.0\nhostpci1: 01:00"), "Proxmox"),
        (_CONF.format("hostpci0: 01:00.0;01:00.0"), "Proxmox"),
        (_CONF.format("hostpci0: 01:00.0\nargs: -device vfio-pci,host=01:00.0"), "QEMU"),
    ],
)
def test_a_function_that_is_assigned_twice_is_refused(text: str, decider: str) -> None:
    found = resolved(text, publishing("", "IVRS", "6.12.0"))

    assert found.verdict.value == "refused"
    assert [one.decider.value for one in found.reasons] == [decider]


def test_the_functions_of_a_slot_are_not_assigned_twice() -> None:
    host = publishing("", "IVRS", "6.12.0", _MATE)

    assert resolved(_CONF.format("hostpci0: 01:00"), host).verdict.value == "starts"


@pytest.mark.parametrize(("driver_known", "verdict"), [(True, "starts"), (False, "undecided")])
def test_a_group_with_a_function_of_unknown_driver_is_undecided(
    driver_known: bool,  # noqa: FBT001 - a parameter of the test
    verdict: str,
) -> None:
    host = publishing("", "IVRS", "6.12.0", _MATE)
    if not driver_known:
        host = publishing("", "IVRS", "6.12.0")
        grouped(host, g12=[DISK.sbdf, _MATE.sbdf])

    assert resolved(domain(hostdev()), host).verdict.value == verdict


@pytest.mark.parametrize(
    ("driver", "assigned", "verdict"),
    [
        (None, False, "undecided"),
        (None, True, "starts"),
        ("snd_hda_intel", False, "refused"),
        ("snd_hda_intel", True, "starts"),
    ],
)
def test_the_driver_of_a_function_that_the_guest_gets_too_decides_nothing(
    driver: str | None,
    assigned: bool,  # noqa: FBT001 - a parameter of the test
    verdict: str,
) -> None:
    """None: the link of the driver of 01:00.1, of the same group, was not collected."""
    host = publishing("", "IVRS", "6.12.0", replace(_MATE, driver=driver))
    if driver is None:
        path = "/sys/devices/pci0000:01/0000:01:00.1/driver"
        host.links[path] = Missing(MissingKind.NOT_COLLECTED)
    mate = hostdev("bus='0x01' slot='0x00' function='0x1'") if assigned else ""

    assert resolved(domain(hostdev() + mate), host).verdict.value == verdict


@pytest.mark.parametrize(
    ("memory", "verdict"), [("512", "starts"), ("1007", "starts"), ("1200", "undecided")]
)
def test_ram_that_may_reach_amds_hypertransport_range_is_undecided(
    memory: str, verdict: str
) -> None:
    text = domain(hostdev(), f"<memory unit='GiB'>{memory}</memory>")

    assert resolved(text, publishing("", "IVRS", "6.12.0")).verdict.value == verdict


_DIMM = "<memory model='dimm'>{}<target><size unit='GiB'>{}</size><node>0</node></target></memory>"


@pytest.mark.parametrize(
    ("memory", "dimm", "verdict"),
    [
        ("", "", "undecided"),
        ("<memory unit='GiB'>8</memory>", "", "starts"),
        ("<memory unit='GiB'>908</memory>", _DIMM.format("", 900), "starts"),
        ("<memory unit='GiB'>1208</memory>", _DIMM.format("", 1200), "undecided"),
        (
            "<memory unit='GiB'>9</memory>",
            _DIMM.format("", 1).replace("<node>", "<address base='0xfd00000000'/><node>"),
            "undecided",
        ),
        (
            "<memory unit='GiB'>9</memory>",
            _DIMM.format("<address type='dimm' slot='0' base='0x240000000'/>", 1),
            "starts",
        ),
        (
            "<memory unit='GiB'>9</memory>",
            _DIMM.format("<address type='pci' domain='0' bus='3' slot='0' function='0'/>", 1),
            "starts",
        ),
        (
            "<memory unit='GiB'>9</memory>",
            _DIMM.format("<address type='dimm' base='x'/>", 1),
            "undecided",
        ),
    ],
)
def test_unknown_memory_and_memory_devices_may_reach_the_hypertransport_range(
    memory: str, dimm: str, verdict: str
) -> None:
    most = "<maxMemory slots='16' unit='GiB'>2048</maxMemory>"
    text = domain(hostdev() + dimm, most + memory)

    assert resolved(text, publishing("", "IVRS", "6.12.0")).verdict.value == verdict


@pytest.mark.parametrize(("memory", "verdict"), [(8, "starts"), (1201, "undecided")])
def test_hotplugged_memory_of_proxmox_counts_at_start(memory: int, verdict: str) -> None:
    text = f"memory: {memory * 1024}\nhotplug: memory\nnuma: 1\nhostpci0: 01:00.0\n"

    assert resolved(text, publishing("", "IVRS", "6.12.0")).verdict.value == verdict


@pytest.mark.parametrize("functions", [True, False])
def test_what_may_be_a_bridge_is_undecided_whatever_its_regions(*, functions: bool) -> None:
    host = publishing("", "IVRS", "6.12.0")
    if functions:
        for path in [path for path in host.files if path.endswith(("1:00.0/class", "/config"))]:
            host.files[path] = Missing(MissingKind.FAILED, "I/O error")
    else:
        host.complete = ("/sys/firmware/acpi/",)
        del host.directories["/sys/bus/pci/devices"]
        del host.calls["udev-pci"]

    assert resolved(domain(hostdev()), host).verdict.value == "undecided"


@pytest.mark.parametrize("published", [True, False])
def test_virtual_functions_are_a_warning_whatever_the_regions(*, published: bool) -> None:
    physical = Function(sbdf=DISK.sbdf, driver="ixgbe", total_vfs=4)
    virtual = Function(sbdf="0000:01:10.0", driver="ixgbevf", physical_function=DISK.sbdf)
    host = fake_host([physical, virtual], {"DMAR": table(UNIT)})
    grouped(host, g12=[physical.sbdf], g13=[virtual.sbdf])
    host.files["/proc/sys/kernel/osrelease"] = b"6.12.0\n"
    if published:
        for group in (12, 13):
            host.files[f"/sys/kernel/iommu_groups/{group}/reserved_regions"] = MSI.encode()

    found = resolved(domain(hostdev()), host)

    assert found.verdict.value == "starts"
    (warning,) = found.reasons
    assert "0000:01:10.0" in warning.reason
    assert warning.effect.value == "warning"


def test_a_group_whose_devices_could_not_be_read_may_have_the_device() -> None:
    host = fake_host([DISK], {"DMAR": table(UNIT)})
    grouped(host, g12=[], g13=["0000:02:00.0"])
    unread = Missing(MissingKind.FAILED, "I/O error")
    host.directories["/sys/kernel/iommu_groups/12/devices"] = unread

    assert resolved(domain(hostdev()), host).verdict.value == "undecided"
    del host.directories["/sys/kernel/iommu_groups/12/devices"]
    host.directories["/sys/kernel/iommu_groups"] = ("13",)
    assert resolved(domain(hostdev()), host).verdict.value == "refused"


@pytest.mark.parametrize(
    ("driver", "steps"), [(None, 1), ("pci-stub", 1), ("nvme", 1), ("vfio-pci", 0)]
)
def test_an_unmanaged_device_needs_a_driver_of_vfio(
    driver: str | None, steps: int, worded: Worded
) -> None:
    disk = Function(sbdf=DISK.sbdf, class_code=0x010802, driver=driver)
    found = resolved(domain(hostdev(managed="no")), publishing("", "IVRS", "6.12.0", disk=disk))

    assert found.verdict.value == "starts"
    assert len(found.prerequisites) == steps
    worded("\n".join(found.prerequisites))


@pytest.mark.parametrize(
    "kernel",
    [
        "4.18.0-513.el8.x86_64",
        "mine",
    ],
)
def test_a_kernel_that_tells_too_little_is_named_and_equal_effects_are_told_once(
    kernel: str, worded: Worded
) -> None:
    region = "0x00000000c8000000 0x00000000c8ffffff direct\n"
    (reason,) = resolved(domain(hostdev()), publishing(region, "IVRS", kernel)).reasons

    worded(reason.reason)
    assert "Linux 4.11 to 6.5: " in reason.reason
    assert reason.reason.count("does not map") == 1


def test_the_option_of_intels_driver_relaxes_no_region_of_amds() -> None:
    low = ivmd(0x10000000, 0x1000, flags=7, device=device("01:00.0"))
    verdicts = {}
    for options in ("intel_iommu=on", "intel_iommu=on,relax_rmrr"):
        host = fake_host([DISK], {"IVRS": qemu(low)})
        grouped(host, g12=[DISK.sbdf])
        host.files["/proc/sys/kernel/osrelease"] = b"6.5.13-6-pve\n"
        host.files["/proc/cmdline"] = f"root=/dev/sda1 {options}\n".encode()
        found = resolved(domain(hostdev()), host)
        verdicts[options] = (found.verdict, [one.reason for one in found.reasons])

    assert verdicts["intel_iommu=on,relax_rmrr"] == verdicts["intel_iommu=on"]


def test_what_intel_alone_does_is_told_apart_if_the_vendor_is_unknown(worded: Worded) -> None:
    region = "0x00000000c8000000 0x00000000c8ffffff direct\n"
    host = publishing(region, "", "6.1.0")
    # Without the range that AMD's driver reserves.
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = f"{region}{MSI}".encode()
    (reason,) = resolved(domain(hostdev()), host).reasons

    assert "on Intel: " in reason.reason
    worded(reason.reason)


# What Linux publishes was read in part, or the kernel is unknown


@pytest.mark.parametrize("cut", ["0x0000000040", ""], ids=["a cut file", "a whole file"])
def test_a_cut_file_of_regions_does_not_hide_those_of_the_table(cut: str) -> None:
    """The table has an IVMD of the disk where guest RAM is; before Linux 6.6, VFIO maps no RAM there."""
    iommu = Function(sbdf="0000:00:01.0", class_code=0x080600)
    content = qemu(ivmd(0x40000000, 0x2000, flags=7, device=device("01:00.0")))
    host = fake_host([iommu, DISK], {"IVRS": content})
    grouped(host, g12=[DISK.sbdf])
    host.files["/proc/sys/kernel/osrelease"] = b"6.1.0-9-amd64\n"
    whole = "" if cut else "0x0000000040000000 0x0000000040001fff direct\n"
    published = f"{MSI}{whole}{cut}".encode()
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = published

    assert resolved(domain(hostdev()), host).verdict.value == "refused"


@pytest.mark.parametrize(
    ("published", "verdict"),
    [
        (MSI, "starts"),
        (f"{MSI}0x00", "undecided"),
        (f"{MSI}0x00000000c0000000 0x00000000c0000fff direct-relaxable\n0x00", "undecided"),
        (f"{MSI}0x00000000c0000000 0x00000000c0000fff direct\n0x00", "refused"),
    ],
    ids=["a whole file", "a cut file", "no region that refuses", "one that refuses"],
)
def test_a_cut_file_of_regions_without_a_decoded_table_decides_only_by_what_refuses(
    published: str, verdict: str
) -> None:
    host = publishing("", "IVRS", "6.12.0")
    host.files["/sys/kernel/iommu_groups/12/reserved_regions"] = published.encode()

    assert resolved(domain(hostdev()), host).verdict.value == verdict


LOCKED = "0x00000000c0000000 0x00000000c0000fff direct\n"


@pytest.mark.parametrize(
    ("published", "can", "verdict"),
    [
        ("", Can.UNKNOWN, "undecided"),
        (None, Can.UNKNOWN, "undecided"),
        (f"{MSI}0x00", Can.UNKNOWN, "undecided"),
        (f"{MSI}{LOCKED[:-1]}", Can.UNKNOWN, "undecided"),
        (f"{LOCKED}{MSI}0x00", Can.NO, "refused"),
        (f"{LOCKED}{MSI}", Can.NO, "refused"),
        (MSI, Can.YES, "starts"),
    ],
    ids=["empty", "denied", "cut", "cut type", "cut after it", "whole", "without it"],
)
def test_explain_and_resolve_agree_if_the_file_of_one_group_was_not_read(
    published: str | None, can: Can, verdict: str, worded: Worded
) -> None:
    """The table locks the disk. The kernel's list for its group could lack that region."""
    mate = Function(sbdf="0000:02:00.0")
    region = rmrr(0xC0000000, 0xC0000FFF, scope(1, 1, (0, 0)))
    host = fake_host([DISK, mate], {"DMAR": table(UNIT, region)})
    grouped(host, g12=[DISK.sbdf], g13=[mate.sbdf])
    host.files["/proc/sys/kernel/osrelease"] = b"6.12.0\n"
    files = "/sys/kernel/iommu_groups/{}/reserved_regions"
    host.files[files.format(13)] = MSI.encode()
    denied = Missing(MissingKind.DENIED, "Permission denied")
    host.files[files.format(12)] = denied if published is None else published.encode()

    found = resolved(domain(hostdev()), host)
    assert told(host, "01:00.0").linux.can is can
    assert found.verdict.value == verdict
    worded("\n".join(reason.reason for reason in found.reasons))


def test_a_region_of_a_disk_and_a_usb_controller_of_its_group_has_both_types() -> None:
    """Linux 4.9 publishes no regions. It exempts USB controllers, but not disks."""
    scopes = scope(1, 1, (0, 0)), scope(1, 1, (0, 4))
    mate = Function(sbdf="0000:01:00.4", class_code=0x0C0320, driver="vfio-pci")
    host = fake_host([DISK, mate], {"DMAR": table(UNIT, rmrr(0xAD800000, 0xAD80FFFF, *scopes))})
    grouped(host, g12=[DISK.sbdf, mate.sbdf])
    del host.files["/sys/kernel/iommu_groups/12/reserved_regions"]
    host.files["/proc/sys/kernel/osrelease"] = b"4.9.0-19-amd64\n"
    inventory = take_inventory(join(collect(host)))

    for sbdf in (DISK.sbdf, mate.sbdf):
        found = vfio_regions(inventory, SBDF.parse(sbdf))
        assert found is not None
        types = [(one.type, one.refused) for one in found]
        assert types == [("direct", True), ("direct-relaxable", False)]


def test_relax_rmrr_of_an_unknown_kernel_leaves_a_guest_undecided(worded: Worded) -> None:
    """Proxmox kernels have relax_rmrr, and others refuse the device for its region."""
    region = rmrr(0xAD800000, 0xAD80FFFF, scope(1, 1, (0, 0)))
    host = fake_host([DISK], {"DMAR": table(UNIT, region)})
    grouped(host, g12=[DISK.sbdf])
    host.files["/proc/cmdline"] = b"intel_iommu=on,relax_rmrr\n"

    found = resolved(domain(hostdev()), host)

    assert found.verdict.value == "undecided"
    worded([one.reason for one in found.reasons if "relax_rmrr" in one.reason], "0xad800000")
