"""Messages of Xen and libxl as consoles, logs and mails show them: marked, wrapped, cut."""

from textwrap import fill

import pytest

from dmaragent.messages import recogniser
from dmaragent.messages.model import Names
from support.message_names import names

REGION = (0x7DFFD000, 0x7DFFFFFF)
XEN_LINES = [
    # 4.14 to 4.18
    (
        "xen-rmrr-not-reserved",
        '[VT-D] RMRR [7dffd000,7dffffff] not in reserved memory; need "iommu_inclusive_mapping=1"?',
        names("", REGION),
    ),
    # 4.6.1 to 4.13
    (
        "xen-rmrr-not-reserved",
        (
            "[VT-D]  RMRR address range 7dffd000..7dffffff not in reserved memory; need "
            '"iommu_inclusive_mapping=1"?'
        ),
        names("", REGION),
    ),
    # 4.6.0
    (
        "xen-rmrr-not-reserved",
        (
            "[VT-D]dmar.c:676:   RMRR address range not in reserved memory base = 7dffd000 end = "
            "7dffffff; iommu_inclusive_mapping=1 parameter may be needed."
        ),
        names("", REGION),
    ),
    ("xen-region-not-mapped", "[VT-D]iommu.c:1942: d0: RMRR mapping failed", names(domain=0)),
    ("xen-region-not-mapped", "[VT-D]d0: RMRR mapping failed", names(domain=0)),
    (
        "xen-region-not-mapped",
        "[VT-D]0000:0a:00.0: RMRR quarantine mapping failed",
        names("0a:00.0"),
    ),
    (
        "xen-region-not-mapped",
        "[VT-D]drivers/passthrough/vtd/iommu.c:2127:IOMMU: mapping reserved region failed",
        names(),
    ),
    (
        "xen-igd-panic",
        "firmware did not enable IGD for VT properly; crash Xen for security purpose",
        names(),
    ),
    (
        "xen-igd-panic",
        "BIOS did not enable IGD for VT properly, crash Xen for security purpose",
        names(),
    ),
    (
        "xen-isoch-off",
        "firmware did not enable TLB for sound device; crash Xen for security purpose",
        names(),
    ),
    ("xen-resume-panic", "IOMMU setup failed, crash Xen for security purpose", names()),
    (
        "xen-table-odd",
        "[VT-D]  Ignore SATC for seg 0000 as no device under its scope is PCI discoverable",
        names(),
    ),
    (
        "xen-option-taken",
        "[VT-D]Adding RMRR for 1 device ([0]: 0xa00) range [7dffd-7dfff]",
        names("", REGION),
    ),
    (
        "xen-chipset-erratum",
        "[VT-D]Disabling IOMMU due to Intel 5500/5520/X58 Chipset errata #47, #53",
        names(),
    ),
    (
        "xen-chipset-erratum",
        "[VT-D]Disabling IOMMU due to Intel X58 chipset errata #62 and #69",
        names(word="errata #62 and #69"),
    ),
    ("xen-already-assigned", "0000:0a:00.0 already assigned, or non-existent", names("0a:00.0")),
    (
        "xen-dom0-map-failed",
        "IOMMU identity mapping of [7dffd, 7dfff] failed: -12",
        names("", REGION, error=12),
    ),
    (
        "xen-dom0-map-failed",
        "d0: IOMMU identity mapping of [7dffd,7e000) failed: -12",
        names("", REGION, error=12),
    ),
    (
        "xen-dom0-map-failed",
        "d0: identity IOMMU mapping of 7dffd failed: -12",
        names("", (0x7DFFD000, 0x7DFFDFFF), error=12),
    ),
    ("xen-iommu-required", "Couldn't enable IOMMU and iommu=required/force", names()),
    (
        "xen-iommu-required",
        "Couldn't enable Interrupt Remapping and iommu=required/force",
        names(),
    ),
    (
        "xen-region-not-unmapped",
        "non-identity map d5:7dffd not cleared (mapped to 23f400)",
        names("", (0x7DFFD000, 0x7DFFDFFF), domain=5),
    ),
]
XEN_MARKS = [
    "(XEN) ",
    "(XEN) [2024-03-01 10:00:00] ",
    "(XEN) [2024-03-01 10:00:00.123] ",
    "(XEN) [    1.234567] ",
    "(XEN) [0000000123abcdef] ",
    "[2024-03-01 10:00:00] (XEN) ",
]
"""By console_timestamps=date, datems, boot and raw, and by xenconsoled, which logs the time too."""
TOOL_LINES = [
    ("libxl-no-regions", "Could not get reserved device memory maps."),
    ("libxl-memory-map-refused", "setting domain memory map failed"),
    ("libxl-passthrough-pvh", "passthrough not yet supported for x86 PVH guests"),
    ("libxl-passthrough-disabled", "passthrough disabled but devices are specified"),
    ("libxl-no-host-iommu", "passthrough not supported on this platform"),
    (
        "libxl-passthrough-pod",
        "IOMMU required for device passthrough but not supported together with PoD",
    ),
    (
        "libxl-passthrough-pod",
        "PCI device assignment for HVM guest failed due to PoD enabled",
    ),
    ("libxl-quarantine-failed", "failed to quarantine 0000:0a:00.0"),
]


def known(text: str) -> list[tuple[str, Names]]:
    """Return the messages in `text`, each with what it names."""
    return [(one.message.id, one.names) for one in recogniser().recognise(text).found]


@pytest.mark.parametrize("mark", XEN_MARKS)
@pytest.mark.parametrize(("message", "line", "named"), XEN_LINES)
def test_a_line_of_xen_is_known_behind_every_mark_of_its_console(
    message: str, line: str, named: Names, mark: str
) -> None:
    assert known(mark + line) == [(message, named)]


@pytest.mark.parametrize(("message", "line", "named"), XEN_LINES)
def test_a_line_of_xen_is_known_when_a_mail_wrapped_it(
    message: str, line: str, named: Names
) -> None:
    wrapped = fill(f"(XEN) [    1.234567] {line}", 60, break_on_hyphens=False)

    assert known(wrapped) == [(message, named)]


@pytest.mark.parametrize("line", [line for _, line, _ in XEN_LINES if len(line) > 60])
def test_a_line_of_xen_is_known_when_a_pager_cut_its_end(line: str) -> None:
    (whole,) = known(f"(XEN) {line}")

    assert [message for message, _ in known(f"(XEN) {line[:-8]}>")] == [whole[0]]


@pytest.mark.parametrize(("message", "line"), TOOL_LINES)
@pytest.mark.parametrize(
    "before",
    [
        "libxl: error: libxl_dm.c:555:libxl__function: Domain 5:",  # 4.9 and later
        "libxl: error: libxl_dm.c:555:libxl__function: ",
        "libxl: error: libxl_dm.c:555: libxl__function: Domain 5:",
    ],
)
def test_a_line_of_libxl_is_known_behind_its_place_in_the_source(
    message: str, line: str, before: str
) -> None:
    assert [name for name, _ in known(before + line)] == [message]
    assert [name for name, _ in known(fill(before + line, 60, break_on_hyphens=False))] == [message]
