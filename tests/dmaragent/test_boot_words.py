"""Which words of the command lines of Xen and Linux are kept of a host."""

import pytest

from dmaragent.boot_words import (
    LoaderMark,
    linux_words,
    linux_words_and_marks,
    loader_mark,
    xen_words,
)
from dmaragent.redaction import Redactor
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import iommu_switched_off
from support.inventories import UNIT, XEN, inventory_of


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("console=vga rmrr=1=0:1d.0 mem=2G", ("rmrr=1=0:1d.0", "mem=2G")),
        ("no-iommu  crashkernel=256M@1G secret", ("no-iommu", "crashkernel=256M@1G")),
        ("iommu=off\tpassword=1 availmem=1G", ("iommu=off\t", "availmem=1G")),
        ("console=vga\tiommu=off", ()),
        (
            "ivmd=90300 ivrs_ioapic[4]=00:14.0 ivrs=1",
            ("ivmd=90300", "ivrs_ioapic[4]=00:14.0"),
        ),
        (f"iommu=off {'x' * 1013} iommu", ("iommu=off", "iommu")[:1]),
        (f"iommu=off {'x' * 1000} iommu", ("iommu=off", "iommu")),
    ],
    ids=["words", "spaces", "tab", "hidden by a tab", "of amd", "cut", "not cut"],
)
def test_a_word_ends_at_a_space_and_the_one_that_xen_cut_is_left_out(
    line: str, kept: tuple[str, ...]
) -> None:
    assert xen_words(line) == kept


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("quiet iommu=pt  intel-iommu=on,sm_on ro\n", ("iommu=pt", "intel-iommu=on,sm_on")),
        ('quiet dyndbg="file x +p iommu=off y" ro', ()),
        ('quiet "dyndbg=file x iommu=off" acpi=off', ("acpi=off",)),
        ("quiet ro -- iommu=off", ()),
        ('ro "--" iommu=off', ()),
        ("ro --x iommu=off --=1 acpi=off", ("iommu=off", "acpi=off")),
        ('quiet "intel_iommu=on" ro', ("intel_iommu=on",)),
        ('intel_iommu="on" iommu="pt"\tacpi="off', ("intel_iommu=on", "iommu=pt", "acpi=off")),
        ('iommu="off secret" acpi=off', ("iommu=off", "acpi=off")),
        ('iommu=off"a b"c "pci"', ("iommu=off", "pci")),
        ('x"y z"iommu=off acpi=off', ("acpi=off",)),
        ("x\x85iommu=off acpi=off\x85secret", ("acpi=off",)),
        ('"', ()),
        ("", ()),
    ],
)
def test_linux_reads_quotes_and_stops_at_two_hyphens(line: str, kept: tuple[str, ...]) -> None:
    """Source: Linux lib/cmdline.c, ``next_arg``; kernel/params.c, ``parse_args``."""
    assert linux_words(line) == kept
    assert linux_words(" ".join(kept)) == kept
    assert linux_words_and_marks(line) == kept


def test_a_mark_of_the_loader_can_be_in_quotes() -> None:
    line = '"BOOT_IMAGE=/my kernel" x="BOOT_IMAGE=/other"'

    assert loader_mark(line) is LoaderMark.GRUB
    assert linux_words_and_marks(line) == ("BOOT_IMAGE=",)


def test_what_a_tab_keeps_xen_from_reading_is_not_read_here() -> None:
    assert iommu_switched_off(" ".join(xen_words("iommu=off\tdebug")), Release(4, 22)) == ""


@pytest.mark.parametrize(("length", "problems"), [(1023, 1), (1022, 0)])
def test_a_line_that_is_as_long_as_xen_reports_may_have_been_longer(
    length: int, problems: int
) -> None:
    line = "iommu=off ".ljust(length, "x")
    host = inventory_of(
        UNIT, files=XEN, calls={"xl-info": f"xen_commandline : {line}\n".encode()}
    ).host

    assert sum("first 1023 bytes" in one for one in host.problems) == problems
    assert host.xen is not None
    assert host.xen.command_line == "iommu=off"


@pytest.mark.parametrize("end", ["rmrr=0x1=0:3.0 ", "rmrr=0x1=0:3.0"])
def test_a_line_that_xen_cut_is_one_in_a_bundle_too(end: str) -> None:
    """Also if the last byte that Xen reports is the blank between two options."""
    line = f"iommu=off {'x' * (1012 - len(end))} {end}"
    live = f"xen_commandline        : {line}\n"
    redacted = Redactor().info(live)
    hosts = [
        inventory_of(UNIT, files=XEN, calls={"xl-info": text.encode()}).host
        for text in (live, redacted, Redactor().info(redacted))
    ]

    assert len(line) == 1023
    assert "xx" not in redacted
    for host in hosts:
        assert host.xen is not None
        assert sum("first 1023 bytes" in one for one in host.problems) == 1
        assert host.xen.command_line == ("iommu=off " + end.strip() * (end[-1] == " ")).strip()
