"""What a host says of its IOMMU if its table is unread, hidden or of another vendor than its CPU."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.messages import recogniser
from dmaragent.messages.host_match import HostMatch
from dmaragent.messages.iommu_state import iommu_state
from dmaragent.messages.relate import relate_all
from dmaragent.present.words.messages import here_words
from dmaragent.readings import Missing, MissingKind
from support import tables
from support.hosts import fake_host
from support.inventories import FUNCTIONS, XEN
from support.wording import Worded

NO_GROUP = "vfio 0000:01:00.0: no iommu_group found: No such file or directory"
XEN_OFF = "(XEN) I/O virtualisation disabled"
DENIED = Missing(MissingKind.DENIED, "Permission denied")
CPU = {"intel": b"GenuineIntel", "amd": b"AuthenticAMD"}


def host(  # noqa: PLR0913 - each is a fact of its own
    cpu: str,
    names: tuple[str, ...] | None,
    *,
    line: str = "BOOT_IMAGE=/vmlinuz",
    dmar: bool = False,
    xen_line: str | None = None,
    xen_release: str = "4.17.7",
    kernel: str = "6.1.0-13-amd64",
    more: dict[str, bytes | Missing] | None = None,
) -> Inventory:
    """Return a host without IOMMU groups; the tables `names` are present, and may not be read."""
    shown = {"DMAR": tables.table(tables.drhd(0xFED91000, flags=1))} if dmar else {}
    fake = fake_host(FUNCTIONS, shown)
    if names is not None:
        fake.directories["/sys/firmware/acpi/tables"] = names
        fake.files |= {
            f"/sys/firmware/acpi/tables/{name}": DENIED for name in names if name != "FACP"
        }
    fake.directories["/sys/kernel/iommu_groups"] = ()
    fake.files["/proc/cmdline"] = line.encode()
    fake.files["/proc/sys/kernel/osrelease"] = kernel.encode()
    if cpu == "arm":
        fake.files["/proc/cpuinfo"] = b"CPU implementer\t: 0x41\n"
    elif cpu in CPU:
        fake.files["/proc/cpuinfo"] = b"vendor_id\t: " + CPU[cpu] + b"\n"
    if xen_line is None:
        fake.files["/sys/hypervisor/type"] = Missing(MissingKind.ABSENT, "")
    else:
        fake.files |= XEN
        major, minor, point = xen_release.split(".") if xen_release else ("", "", "")
        release = f"xen_major : {major}\nxen_minor : {minor}\nxen_extra : .{point}\n"
        text = f"{release if xen_release else ''}xen_commandline : {xen_line}\n"
        fake.calls["xl-info"] = text.encode()
    fake.files |= more or {}
    return take_inventory(join(collect(fake)))


def match(text: str, inventory: Inventory) -> HostMatch:
    (found,) = relate_all(recogniser().recognise(text), inventory).matches
    return found


def words(text: str, inventory: Inventory) -> str:
    return " ".join(here_words(match(text, inventory), table_known=inventory.decoded))


@pytest.mark.parametrize(
    ("cpu", "names", "vendor", "table"),
    [
        ("intel", ("FACP", "DMAR"), IommuVendor.INTEL, True),
        ("intel", ("FACP", "RMAD"), IommuVendor.INTEL, True),
        ("intel", ("FACP", "XMAR"), IommuVendor.INTEL, True),
        ("intel", ("FACP",), IommuVendor.INTEL, False),
        ("intel", (), IommuVendor.INTEL, None),
        ("amd", ("FACP", "IVRS"), IommuVendor.AMD, True),
        ("amd", ("FACP", "DMAR"), IommuVendor.INTEL, True),
        ("amd", ("FACP",), IommuVendor.AMD, False),
        ("amd", (), IommuVendor.UNKNOWN, None),
        ("", ("FACP", "IVRS"), IommuVendor.AMD, True),
        ("", ("FACP",), IommuVendor.UNKNOWN, False),
        ("arm", ("FACP", "IORT"), IommuVendor.ARM, True),
    ],
)
def test_the_listed_tables_show_whose_iommu_it_is_and_whether_it_has_a_table(
    cpu: str,
    names: tuple[str, ...],
    vendor: IommuVendor,
    table: bool | None,  # noqa: FBT001 - a column of the table
) -> None:
    state = iommu_state(host(cpu, names))

    assert (state.vendor, state.table) == (vendor, table)


def test_that_a_pvh_dom0_has_no_table_says_nothing_of_the_firmware() -> None:
    pvh: dict[str, bytes | Missing] = {"/sys/hypervisor/guest_type": b"PVH\n"}

    state = iommu_state(host("intel", ("FACP",), xen_line="", more=pvh))
    assert state.table is None
    pv: dict[str, bytes | Missing] = {"/sys/hypervisor/guest_type": b"PV\n"}
    assert iommu_state(host("intel", ("FACP",), xen_line="", more=pv)).table is False


@pytest.mark.parametrize(
    ("cpu", "names", "loaders"),
    [
        ("intel", ("FACP", "DMAR"), ["grub"]),
        ("amd", ("FACP", "DMAR"), ["grub"]),
        ("amd", ("FACP", "IVRS"), []),
        ("", ("FACP", "IVRS"), []),
        ("", ("FACP",), []),
        ("arm", ("FACP", "IORT"), []),
    ],
)
def test_only_intels_iommu_gets_intels_option(
    cpu: str, names: tuple[str, ...], loaders: list[str], worded: Worded
) -> None:
    inventory = host(cpu, names)

    assert [way.loader.value for way in match(NO_GROUP, inventory).option_steps] == loaders
    worded(words(NO_GROUP, inventory))


def test_vt_d_of_qemu_with_a_processor_of_amd_reads_intels_option(worded: Worded) -> None:
    inventory = host("amd", None, dmar=True, line="BOOT_IMAGE=/vmlinuz intel_iommu=off")

    assert iommu_state(inventory).off_by == "intel_iommu=off"
    worded(words(NO_GROUP, inventory))


# Xen's option


def test_an_option_that_releases_read_differently_is_named_with_the_doubt(worded: Worded) -> None:
    """Up to 4.9 nothing undoes iommu=off; from 4.10 on the last counts."""
    inventory = host("intel", ("FACP", "DMAR"), xen_line="iommu=off iommu=on", xen_release="")

    assert match(XEN_OFF, inventory).option_steps == ()
    worded(words(XEN_OFF, inventory))


@pytest.mark.parametrize("kernel", ["6.1.0-13-amd64", "4.19.0+1"])
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("placeholder iommu=verbose,off,no-intremap", False),
        ("placeholder iommu=off,verbose", False),
        ("placeholder iommu=off", True),
        ("placeholder no-iommu", True),
        ("placeholder iommu=force iommu=0", True),
    ],
)
def test_an_option_with_other_parts_is_not_removed_as_a_whole(
    line: str,
    offered: bool,  # noqa: FBT001 - a column of the table
    kernel: str,
    worded: Worded,
) -> None:
    inventory = host("intel", ("FACP", "DMAR"), xen_line=line, kernel=kernel)

    assert bool(match(XEN_OFF, inventory).option_steps) is offered
    worded(words(XEN_OFF, inventory))
