"""What a host with AMD's table makes of a message: its blocks, what they cover, the ways out."""

import pytest

from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.messages import MESSAGES, recogniser
from dmaragent.messages.faults import read_faults
from dmaragent.messages.host_match import HostMatch
from dmaragent.messages.relate import relate_all
from dmaragent.messages.words import AMD_WAYS_OUT, amd_ways_out
from dmaragent.passthrough.region_coverage import BOARDS
from dmaragent.present.json.why import why_document
from dmaragent.present.words.messages import advice_words, here_words, means_words
from support.amd_inventories import WIDE, amd_host, amd_inventory
from support.inventories import inventory_of
from support.ivrs_tables import ivmd
from support.tables import drhd, table

MAPPING = (
    "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device "
    "without a 1:1 mapping. Contact your platform vendor."
)
GRAPHICS = f"vfio-pci 0000:01:00.0: {MAPPING}"
BY_ID = {message.id: message for message in MESSAGES}


def only(text: str, inventory: Inventory) -> HostMatch:
    (match,) = relate_all(recogniser().recognise(text), inventory).matches
    return match


def intel() -> Inventory:
    return inventory_of(table(drhd(0xFED90000, flags=1)))


def test_a_refusal_leads_to_the_blocks_and_the_devices_they_cover() -> None:
    match = only(GRAPHICS, amd_inventory(*WIDE))

    (covered,) = match.coverage.coverages
    assert [region.number for region in covered.regions] == [1, 2]
    assert [region.entry.offset for region in covered.regions] == [0x6C, 0x8C]
    assert covered.devices == "00:00.0-0f:1f.7"
    assert (covered.present, covered.blocked, covered.functions) == (5, 3, 6)
    assert [str(sbdf) for sbdf in match.coverage.free] == ["0000:11:00.0"]
    assert match.coverage.preboot is True
    assert match.fits is True
    assert match.commands == ("dmaragent explain 0000:01:00.0", "dmaragent check")
    assert "ivmd-range-wide" in match.findings
    words = " ".join(here_words(match, table_known=True))
    assert all(part in words for part in ("0x6c", "0x8c", "5 of 6", "0000:11:00.0"))


def test_a_message_without_a_device_leads_to_every_block() -> None:
    match = only(MAPPING, amd_inventory(*WIDE, ivmd(0xA0000000, 0x1000, device=0x1100)))

    assert [covered.devices for covered in match.coverage.coverages] == [
        "00:00.0-0f:1f.7",
        "11:00.0",
    ]
    assert match.coverage.free == ()


def test_blocks_of_other_devices_are_left_out() -> None:
    match = only(GRAPHICS, amd_inventory(*WIDE, ivmd(0xA0000000, 0x1000, device=0x1100)))

    assert [covered.devices for covered in match.coverage.coverages] == ["00:00.0-0f:1f.7"]


def test_a_device_in_a_group_with_a_blocked_one_is_not_free() -> None:
    match = only(GRAPHICS, amd_inventory(ivmd(0xA0000000, 0x1000, device=0x0100)))

    assert [str(sbdf) for sbdf in match.coverage.free] == ["0000:00:14.0", "0000:11:00.0"]


def test_of_a_group_that_qemu_cannot_use_the_blocks_are_named() -> None:
    text = (
        "vfio 0000:01:00.1: failed to setup container for group 2: Failed to set group container: "
        "Invalid argument"
    )
    match = only(text, amd_inventory(ivmd(0xA0000000, 0x1000, device=0x0100)))

    assert [str(sbdf) for sbdf, _ in match.locked] == ["0000:01:00.0"]
    assert [covered.devices for covered in match.coverage.coverages] == ["01:00.0"]
    assert advice_words(match).splitlines()[1:] == _ways()


def _ways() -> list[str]:
    on_amd = BY_ID["linux-direct-mapping-refused"].on_amd
    assert on_amd is not None
    return on_amd.advice.splitlines()


def test_the_three_ways_out_come_in_order() -> None:
    first, second, third = _ways()

    assert "setup" in first
    assert "initrd" in second
    assert "6.6" in third


def test_an_identity_map_of_d0_is_about_a_pvh_dom0_and_no_guest() -> None:
    """Xen x86/iommu.c, arch_iommu_hwdom_init, and vtd/iommu.c, setup_hwdom_rmrr: Xen goes on."""
    line = "(XEN) Cannot setup identity map d0:9a000, gfn already mapped to 23f400."

    for inventory in (amd_inventory(*WIDE), intel()):
        words = means_words(only(line, inventory))
        assert "d0 is a PVH dom0" in words
        assert "no guest is affected" in words


def test_the_answer_is_that_of_the_hosts_vendor_and_of_both_if_it_is_unknown() -> None:
    message = BY_ID["linux-direct-mapping-refused"]
    assert message.on_amd is not None
    amd = only(GRAPHICS, amd_inventory(*WIDE))
    other = only(GRAPHICS, intel())
    unknown = only(GRAPHICS, _unknown_host())

    assert (amd.vendor, advice_words(amd)) == (IommuVendor.AMD, message.on_amd.advice)
    assert means_words(amd) == message.on_amd.meaning
    assert (other.vendor, advice_words(other)) == (IommuVendor.INTEL, message.advice)
    assert means_words(other) == message.meaning
    assert other.coverage.coverages == ()
    assert other.findings == ()
    assert unknown.vendor is IommuVendor.UNKNOWN
    assert advice_words(unknown).startswith(message.advice)
    assert advice_words(unknown).endswith(message.on_amd.advice)


def test_without_the_table_the_processor_decides_which_answer_is_given() -> None:
    without = take_inventory(amd_host(*WIDE)._replace(tables=(), acpi_tables=()))
    match = only(GRAPHICS, without)
    assert without.host.system.cpu_vendor == "AuthenticAMD"
    assert match.coverage.coverages == ()
    assert match.fits is None
    assert _ways()[0] in advice_words(match)


def test_a_kernel_before_6_6_does_not_print_the_refusal() -> None:
    match = only(GRAPHICS, amd_inventory(*WIDE, kernel="6.1.0-30-amd64"))

    assert match.lets_direct
    assert match.fits is False
    assert match.coverage.coverages == ()


def test_an_intel_kernel_before_6_6_blocks_all_the_same() -> None:
    old = intel()
    old = old._replace(
        host=old.host._replace(system=old.host.system._replace(kernel_release="6.1.0"))
    )

    assert not only(GRAPHICS, old).lets_direct


@pytest.mark.parametrize(("info", "preboot"), [(0x203043, True), (0x203041, False)])
def test_ivinfo_shows_whether_the_setting_is_on(info: int, preboot: bool) -> None:  # noqa: FBT001 - a column
    assert only(GRAPHICS, amd_inventory(*WIDE, info=info)).coverage.preboot is preboot


def test_a_board_without_the_setting_is_known_by_its_name() -> None:
    board = only(
        GRAPHICS, amd_inventory(*WIDE, board="MPG X870E CARBON WIFI (MS-7E49)")
    ).coverage.board

    assert BOARDS["MPG X870E CARBON WIFI"] in board
    assert only(GRAPHICS, amd_inventory(*WIDE, board="X870E AORUS")).coverage.board == ""


def test_the_document_has_the_coverage() -> None:
    why = relate_all(recogniser().recognise(GRAPHICS), amd_inventory(*WIDE))
    document = why_document(why, "text", {"kind": "live", "path": ""})

    (recognised,) = document["answer"]["recognised"]
    assert recognised["here"]["coverage"] == {
        "blocks": [
            {
                "regions": [1, 2],
                "offsets": [0x6C, 0x8C],
                "devices": "00:00.0-0f:1f.7",
                "present": 5,
                "blocked": 3,
            }
        ],
        "functions": 6,
        "free": ["0000:11:00.0"],
        "unknown": [],
        "preboot": True,
        "board": "",
    }


@pytest.mark.parametrize(
    ("text", "of_other"),
    [
        ("DMAR: [DMA Read] Request device [01:00.0] fault addr 7dffd000", True),
        (
            "(XEN) [VT-D]It's disallowed to assign 0000:01:00.0 with shared RMRR at 1000 for d5.",
            True,
        ),
        ("Device is ineligible for IOMMU domain attach due to platform RMRR requirement", True),
        ("DMAR: IOMMU enabled", False),
        ("DMAR: Unknown option - 'relax_rmrr'", False),
        ("AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0 domain=0x000d address=0x1000", False),
        (GRAPHICS, False),
    ],
)
def test_words_of_vtd_are_of_another_host(text: str, of_other: bool) -> None:  # noqa: FBT001 - a column
    match = only(text, amd_inventory(*WIDE))

    assert match.other_iommu is of_other
    assert (match.commands == ()) or not of_other


# DMA faults ------------------------------------------------------------------------------

LINUX_FORMS = (
    "nvme 0000:01:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address={} flags=0x0070]",
    "AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0 domain=0x000d address={} flags=0x0070]",
    "AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:01:00.0 domain=0x000d address={} flags=0x0070]",
)
XEN_FORMS = (
    "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:01:00.0 d5 addr {} flags 0x70 PE RW PR",
    "(XEN) AMD-Vi: IO_PAGE_FAULT: domain = 5, device id = 0x100, fault address = {}, flags = 0x70",
)


@pytest.mark.parametrize("form", [*LINUX_FORMS, *XEN_FORMS])
def test_a_fault_is_read_in_every_form(form: str) -> None:
    line = form.format("0xbdf3e040")
    (fault,) = read_faults(line, amd=True)

    assert (str(fault.device), fault.address) == ("0000:01:00.0", 0xBDF3E040)
    assert (fault.by_xen, fault.write) == (form in XEN_FORMS, True)
    assert "0x70" in fault.reason
    assert list(read_faults(line)) == []


@pytest.mark.parametrize("form", [*LINUX_FORMS, *XEN_FORMS])
def test_a_refused_interrupt_is_no_dma_fault(form: str) -> None:
    line = form.format("0xfdf8020000").replace("70", "08")

    assert list(read_faults(line, amd=True)) == []
    assert only(line, amd_inventory()).forgotten is None


def test_faults_of_one_device_are_counted_with_their_addresses_and_flags() -> None:
    form = LINUX_FORMS[0]
    log = "\n".join(
        [form.format("0x1000"), form.format("0x2000"), form.format("0x2000").replace("70", "50")]
    )
    (found,) = recogniser().recognise(log).found

    assert (found.count, found.lines) == (3, (1, 2, 3))
    assert [span.first for span in found.names.spans] == [0x1000, 0x2000]
    assert found.names.flags == (0x70, 0x50)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (0x70, "write"),
        (0x50, "read"),
        (0x50, "without the right"),
        (0x90, "entry is invalid"),
        (0x20, "no page"),
        (0x08, "interrupt"),
        (0x100, "ATS"),
    ],
)
def test_the_flags_of_a_fault_are_explained(flags: int, words: str) -> None:
    assert words in means_words(
        only(XEN_FORMS[0].format("0xbdf3e000").replace("0x70", f"{flags:#x}"), amd_inventory())
    )


def test_a_fault_in_a_block_of_one_byte_is_in_its_page() -> None:
    match = only(XEN_FORMS[0].format("0x9618e040"), amd_inventory(*WIDE))

    assert [region.number for region in match.spans[0].regions] == [1]
    assert match.forgotten is None


def test_a_fault_outside_all_blocks_may_be_of_a_forgotten_one() -> None:
    match = only(XEN_FORMS[0].format("0xbdf3e040"), amd_inventory(*WIDE))

    assert (match.forgotten and match.forgotten.start) == 0xBDF3E000
    option = f"dmaragent boot-option 0xbdf3e000-0xbdf3efff={match.devices[0].sbdf}"
    assert [command for command in match.commands if "boot-option" in command] == [option]


def test_an_address_of_hypertransport_is_not_memory() -> None:
    assert only(XEN_FORMS[0].format("0xfdf8020000"), amd_inventory(*WIDE)).forgotten is None


@pytest.mark.parametrize(
    ("domain", "quarantine"), [("d5", False), ("d32753", True), ("d32769", True)]
)
def test_a_domain_of_the_quarantine_is_named(domain: str, quarantine: bool) -> None:  # noqa: FBT001 - a column
    match = only(XEN_FORMS[0].format("0x1000000").replace("d5", domain), amd_inventory())

    assert ("quarantine" in means_words(match)) is quarantine


# Messages of both vendors ----------------------------------------------------------------


def test_every_answer_for_amd_differs_from_the_general_one() -> None:
    with_amd = [message for message in MESSAGES if message.on_amd is not None]

    assert len(with_amd) >= 12
    for message in with_amd:
        own = message.on_amd
        assert own is not None
        assert own.meaning != message.meaning
        assert own.advice != message.advice
        assert own.meaning or own.advice or own.by_error
        assert (own.meaning or ".").endswith(".")
        assert (own.advice or ".").endswith(".")


def test_eperm_of_an_assignment_is_no_shared_region_on_amd() -> None:
    text = "(XEN) d5: assign (0000:01:00.0) failed (-1)"

    assert "shares a region" not in means_words(only(text, amd_inventory(*WIDE)))
    assert "shares a region" in means_words(only(text, intel()))


def test_without_a_host_both_errors_are_explained() -> None:
    words = means_words(only("(XEN) d5: assign (0000:01:00.0) failed (-1)", _unknown_host()))

    assert "shares a region" in words
    assert "XSM" in words


def _unknown_host() -> Inventory:
    without = take_inventory(amd_host()._replace(tables=(), acpi_tables=()))
    system = without.host.system._replace(cpu_vendor=None)
    return without._replace(host=without.host._replace(system=system))


# Xen's words about the table ------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("(XEN) IVMD: page at 0x9618e can't be converted", (0x9618E000, 0x9618EFFF)),
        (
            "(XEN) AMD-Vi: Error: IVMD: page at 9618e000 can't be converted",
            (0x9618E000, 0x9618E000),
        ),
        (
            "(XEN) AMD-Vi: Warning: IVMD: [9618e000,9618f000) is not (entirely) in reserved memory",
            (0x9618E000, 0x9618EFFF),
        ),
        ("(XEN) AMD-Vi: IVMD Block: type 0x22 phys 0x9618e000 len 0x1", (0x9618E000, 0x9618E000)),
    ],
)
def test_a_block_in_xens_words_is_found_in_the_table(text: str, pages: tuple[int, int]) -> None:
    match = only(text, amd_inventory(*WIDE))

    (place,) = match.spans
    assert (place.span.first, place.span.last) == pages
    assert [region.number for region in place.regions] == [1]
    assert match.fits is True


def test_a_block_of_another_host_does_not_fit() -> None:
    match = only("(XEN) IVMD: page at 0x4d800 can't be converted", amd_inventory(*WIDE))

    assert match.spans[0].regions == ()
    assert match.fits is False


def test_another_device_is_not_offered_if_linux_blocks_every_device() -> None:
    every = ivmd(0x9618E000, 1, kind=0x22, device=0, auxiliary=0xFFFF)
    match = only(GRAPHICS, amd_inventory(every))

    assert match.coverage.all_blocked
    assert advice_words(match) == amd_ways_out(all_blocked=True)
    assert advice_words(only(GRAPHICS, amd_inventory(*WIDE))) == AMD_WAYS_OUT


def test_an_address_without_a_device_has_the_blocks_that_cover_it() -> None:
    absent = GRAPHICS.replace("01:00.0", "05:00.0")
    (device,) = only(absent, amd_inventory(*WIDE)).devices

    assert device.function is None
    assert [region.number for region in device.owned] == [1, 2]
