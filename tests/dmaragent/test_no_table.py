"""Why there is no table."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.collect.table_inputs import _why_no_table, read_tables
from dmaragent.host import Host, join
from dmaragent.iommu.kinds import AbsenceKind
from dmaragent.iommu.no_table import may_hide_table, why_no_table
from dmaragent.iommu.table import iommu_table
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.present.words.host import absence_words
from dmaragent.readings import NOT_COLLECTED, Missing, MissingKind
from support.hosts import FakeHost, fake_host
from support.inventories import UNIT, XEN, inventory_of
from support.tables import table

INTEL = b"vendor_id : GenuineIntel\nflags : fpu vmx\n"
AMD = b"vendor_id : AuthenticAMD\nflags : fpu svm\n"
HYGON = b"vendor_id : HygonGenuine\nflags : fpu svm\n"
AMD_VIRTUAL = b"vendor_id : AuthenticAMD\nflags : fpu hypervisor\n"
PLACE = "/sys/firmware/acpi/tables"
VIRTUAL = b"vendor_id : GenuineIntel\nflags : fpu hypervisor\n"


def _absent(names: tuple[str, ...] = ("APIC", "FACP"), **answers: Mapping[str, object]) -> Host:
    fake = FakeHost(directories={"/sys/firmware/acpi/tables": names})
    for name, values in answers.items():
        getattr(fake, name).update(values)
    return join(collect(fake))


@pytest.mark.parametrize(
    ("cpu", "names", "vendor"),
    [
        (INTEL, ("FACP",), IommuVendor.INTEL),
        (AMD, ("FACP",), IommuVendor.AMD),
        (INTEL, (), IommuVendor.INTEL),
        (AMD, (), IommuVendor.AMD),
        (AMD_VIRTUAL, (), IommuVendor.UNKNOWN),  # QEMU can emulate VT-d
        (AMD_VIRTUAL, NOT_COLLECTED, IommuVendor.UNKNOWN),
        (AMD, NOT_COLLECTED, IommuVendor.AMD),
        (AMD, ("data", "dynamic"), IommuVendor.AMD),  # what a copy by a user has
        (AMD_VIRTUAL, ("data", "dynamic"), IommuVendor.UNKNOWN),
        (AMD_VIRTUAL, ("FACP",), IommuVendor.AMD),  # it has no IOMMU
        (AMD, ("APIC", "DMAR"), IommuVendor.INTEL),
    ],
)
def test_the_vendor_is_that_of_the_tables_else_of_the_processor(
    cpu: bytes, names: tuple[str, ...] | Missing, vendor: IommuVendor
) -> None:
    host = _absent(files={"/proc/cpuinfo": cpu})._replace(acpi_tables=names)

    assert iommu_vendor(host) is vendor


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        (_absent(files={"/proc/cpuinfo": AMD}), AbsenceKind.AMD),
        (_absent(files={"/proc/cpuinfo": HYGON}), AbsenceKind.AMD),
        (_absent(files={"/proc/cpuinfo": b"vendor_id : AuthenticAMD\n"}), AbsenceKind.UNKNOWN),
        (_absent(files={"/proc/cpuinfo": VIRTUAL}), AbsenceKind.VIRTUAL_MACHINE),
        (
            _absent(files={"/proc/cpuinfo": VIRTUAL.replace(b"GenuineIntel", b"AuthenticAMD")}),
            AbsenceKind.VIRTUAL_MACHINE,
        ),
        (_absent(files={"/proc/cpuinfo": INTEL}), AbsenceKind.VTD_OFF),
        (_absent(), AbsenceKind.UNKNOWN),
        (_absent(files={"/proc/cpuinfo": b"vendor_id : GenuineIntel\n"}), AbsenceKind.UNKNOWN),
        (join(collect(FakeHost())), AbsenceKind.NO_ACPI),
        (
            _absent(
                files={"/sys/hypervisor/type": b"xen\n", "/sys/hypervisor/guest_type": b"PVH\n"}
            ),
            AbsenceKind.UNKNOWN,
        ),
        (
            _absent(
                files={**XEN, "/sys/hypervisor/guest_type": b"PV\n"},
                calls={"xen-rdm": b'{"entries": [[1, 1]]}'},
            ),
            AbsenceKind.UNKNOWN,
        ),
        (
            _absent(
                ("FACP", "IORT"), files=XEN, calls={"xl-info": b"virt_caps : hvm hvm_directio\n"}
            ),
            AbsenceKind.ARM,
        ),
        (
            _absent(calls={"boot-log": b"[0.0] ACPI: DMAR 0x000000007B 0000A8\n"}),
            AbsenceKind.HIDDEN,
        ),
        (
            _absent(files={**XEN, "/sys/hypervisor/guest_type": b"PVH\n"}),
            AbsenceKind.PVH_DOM0,
        ),
        (
            _absent(files=XEN, calls={"xen-rdm": b'{"entries": [[1, 1]]}'}),
            AbsenceKind.PVH_DOM0,
        ),
        (
            _absent(
                files={"/sys/hypervisor/type": b"xen\n"},  # whether it is dom0 is unknown
                calls={"xen-rdm": b'{"entries": [[1, 1]]}'},
            ),
            AbsenceKind.PVH_DOM0,
        ),
        (
            _absent(
                files={**XEN, "/proc/cpuinfo": VIRTUAL, "/sys/hypervisor/guest_type": b"PV\n"},
                calls={"xen-rdm": b'{"entries": []}'},
            ),
            AbsenceKind.VTD_OFF,
        ),
        (
            _absent(files={**XEN, "/proc/cpuinfo": VIRTUAL}, calls={"xen-rdm": b'{"entries": []}'}),
            AbsenceKind.UNKNOWN,  # it may be a PVH dom0
        ),
        (
            _absent(
                files={**XEN, "/proc/cpuinfo": VIRTUAL},
                calls={"xl-info": b"virt_caps : pv hvm hvm_directio pv_directio\n"},
            ),
            AbsenceKind.PVH_DOM0,
        ),
        (
            _absent(
                files={**XEN, "/proc/cpuinfo": VIRTUAL, "/sys/hypervisor/guest_type": b"PV\n"},
                calls={"xl-info": b"virt_caps : pv hvm hvm_directio pv_directio\n"},
            ),
            AbsenceKind.UNKNOWN,  # Xen uses a table that its dom0 would have
        ),
        (
            _absent(
                files={**XEN, "/proc/cpuinfo": VIRTUAL},
                calls={"xl-info": b"virt_caps : pv hvm\n"},
            ),
            AbsenceKind.VTD_OFF,  # a PVH dom0 needs an IOMMU
        ),
        (
            join(
                collect(
                    FakeHost(
                        files=dict(XEN), calls={"xen-rdm": b'{"entries": [[1, 1]]}'}, complete=()
                    )
                )
            ),
            AbsenceKind.NOT_COLLECTED,
        ),
        # A user copies directories, but not the tables, which root alone reads.
        (_absent((), files={"/proc/cpuinfo": INTEL}), AbsenceKind.NOT_COLLECTED),
        (_absent(("data", "dynamic"), files={"/proc/cpuinfo": INTEL}), AbsenceKind.NOT_COLLECTED),
        (_absent(("data", "dynamic"), files={"/proc/cpuinfo": AMD}), AbsenceKind.NOT_COLLECTED),
        (_absent(("APIC",), files={"/proc/cpuinfo": VIRTUAL}), AbsenceKind.NOT_COLLECTED),
        (_absent(("IORT",)), AbsenceKind.ARM),
        (join(collect(FakeHost(complete=()))), AbsenceKind.NOT_COLLECTED),
        (
            _absent(
                ("DMAR",), files={"/sys/firmware/acpi/tables/DMAR": Missing(MissingKind.DENIED)}
            ),
            AbsenceKind.DENIED,
        ),
        (
            _absent(
                ("DMAR",),
                files={"/sys/firmware/acpi/tables/DMAR": Missing(MissingKind.FAILED, "x")},
            ),
            AbsenceKind.FAILED,
        ),
    ],
)
def test_each_case_of_a_missing_table_is_told_apart(host: Host, kind: AbsenceKind) -> None:
    absence = why_no_table(host, iommu_table(host))

    assert absence is not None
    assert absence.kind is kind


def _evidence(host: Host) -> tuple[AbsenceKind, tuple[str, ...]]:
    absence = why_no_table(host, iommu_table(host))
    assert absence is not None
    return absence.kind, absence.evidence


def test_the_option_that_switches_acpi_off_is_the_evidence() -> None:
    """Other options that matter are not."""
    host = FakeHost(files={"/proc/cmdline": b"quiet intel_iommu=on acpi=off\n"})

    assert _evidence(join(collect(host))) == (AbsenceKind.NO_ACPI, ("acpi=off",))
    assert _evidence(join(collect(FakeHost()))) == (AbsenceKind.NO_ACPI, ())


def test_the_model_of_a_virtual_machine_is_evidence() -> None:
    dmi = {"/sys/class/dmi/id/sys_vendor": b"QEMU\n", "/sys/class/dmi/id/product_name": b"Q35\n"}

    kind, evidence = _evidence(_absent(files={"/proc/cpuinfo": VIRTUAL} | dmi))
    assert (kind, evidence[1:]) == (AbsenceKind.VIRTUAL_MACHINE, ("QEMU Q35",))
    assert len(_evidence(_absent(files={"/proc/cpuinfo": VIRTUAL}))[1]) == 1


@pytest.mark.parametrize("detail", ["Input/output error", ""])
def test_why_a_table_was_not_read_is_the_evidence(detail: str) -> None:
    failed = Missing(MissingKind.FAILED, detail)

    kind, evidence = _evidence(_absent(("DMAR",), files={f"{PLACE}/DMAR": failed}))
    assert kind is AbsenceKind.FAILED
    assert (detail or "failed") in evidence[0]
    assert f"{PLACE}/DMAR" in evidence[0]


def test_an_iommu_of_xen_proves_no_pvh_dom0_if_the_list_of_tables_was_not_read() -> None:
    info: dict[str, bytes | Missing] = {"xl-info": b"virt_caps : hvm_directio\n"}

    kind, _ = _evidence(join(collect(FakeHost(files=dict(XEN), calls=info, complete=()))))
    assert kind is AbsenceKind.NOT_COLLECTED
    assert _evidence(_absent(files=dict(XEN), calls=info))[0] is AbsenceKind.PVH_DOM0


@pytest.mark.parametrize(
    ("capabilities", "guest_type", "virt_caps", "hides"),
    [
        (b"control_d\n", b"PVH\n", None, True),
        (b"control_d\n", b"PV\n", None, False),
        (b"control_d\n", b"PV\n", b"pv", False),
        (b"control_d\n", b"PV\n", b"pv pv_directio", True),
        (b"control_d\n", b"PVH\n", b"pv", False),
        (None, b"PVH\n", None, True),  # it may be a dom0
        (None, None, None, True),
        (b"", b"PVH\n", b"pv pv_directio", False),
    ],
)
def test_xen_may_hide_the_table_from_a_kernel_that_may_be_a_dom0(
    capabilities: bytes | None, guest_type: bytes | None, virt_caps: bytes | None, *, hides: bool
) -> None:
    files = {
        "/sys/hypervisor/type": b"xen\n",
        "/proc/xen/capabilities": capabilities,
        "/sys/hypervisor/guest_type": guest_type,
    }
    host = _absent(
        files={path: value for path, value in files.items() if value is not None},
        calls={} if virt_caps is None else {"xl-info": b"virt_caps : " + virt_caps + b"\n"},
    )

    assert may_hide_table(host) is hides
    assert not may_hide_table(_absent())


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("APIC", "FACP"), MissingKind.ABSENT),
        (("data/", "dynamic/"), MissingKind.NOT_COLLECTED),
        (("APIC",), MissingKind.NOT_COLLECTED),
    ],
    ids=["the kernel's list", "a copy that a user made", "a copy of some tables"],
)
def test_decode_reports_a_table_as_absent_only_by_the_list_of_a_kernel(
    tmp_path: Path, names: tuple[str, ...], kind: MissingKind
) -> None:
    """A name that ends with / is a folder; a user other than root can copy only folders."""
    folder = tmp_path / PLACE[1:]
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).mkdir() if name[-1] == "/" else (folder / name).touch()

    decoded = read_tables(str(tmp_path), named=True)

    assert decoded.tables == ()
    found = iommu_table(join(collect(open_host(str(tmp_path)).reader)))
    assert isinstance(found, Missing)
    assert found.kind is kind
    assert _why_no_table(Missing(kind)) in decoded.error


def test_a_host_with_a_table_has_no_absence() -> None:
    assert inventory_of(UNIT).absence is None


def test_the_first_table_that_can_be_read_is_in_effect() -> None:
    fake = fake_host([], {"DMAR": table(), "RMAD": table(signature=b"RMAD")})
    fake.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED, "Permission denied")
    host = join(collect(fake))

    assert host.reading is not None
    assert host.reading.name == "RMAD"
    assert [each.name for each in host.other_tables] == ["DMAR"]
    assert host._replace(xen=None).reading is host.reading


AMD_OFF = "is off in the firmware setup"


@pytest.mark.parametrize(
    ("host", "table", "next_step"),
    [
        (_absent(files={"/proc/cpuinfo": AMD}), "IVRS", "firmware setup"),
        (_absent(files={"/proc/cpuinfo": AMD_VIRTUAL}), "IVRS", "virtual IOMMU"),
        (
            _absent(files={**XEN, "/sys/hypervisor/guest_type": b"PVH\n", "/proc/cpuinfo": AMD}),
            "IVRS",
            "Xen's list",
        ),
        (
            _absent(calls={"boot-log": b"[0.0] ACPI: IVRS 0x000000009B4F3000 0001A4\n"}),
            "IVRS",
            "acpi= options",
        ),
        (
            join(
                collect(
                    FakeHost(
                        files={"/proc/cpuinfo": AMD},
                        directories={PLACE: ("APIC", "IVRS")},
                        complete=(),
                    )
                )
            ),
            "IVRS",
            "copy /sys/firmware/acpi/tables/IVRS",
        ),
        (_absent(("APIC", "IORT")), "IORT", "reserved_regions"),
        (_absent(files={"/proc/cpuinfo": INTEL}), "DMAR", "VT-d"),
        (join(collect(FakeHost(complete=()))), "DMAR or IVRS", "AMD: IVRS"),
    ],
    ids=["off", "virtual", "PVH", "boot log", "older bundle", "Arm", "Intel", "nothing known"],
)
def test_each_reason_names_the_vendors_table_and_its_own_next_step(
    host: Host, table: str, next_step: str
) -> None:
    absence = why_no_table(host, iommu_table(host))

    assert absence is not None
    what, step = absence_words(absence)
    assert table in what
    assert next_step in step
    assert (AMD_OFF in what) is (absence.kind in (AbsenceKind.AMD, AbsenceKind.VTD_OFF))
