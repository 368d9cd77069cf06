"""What lies in a guest's MMIO hole: BARs as hvmloader places them, and devices attached there."""

import json

import pytest

from dmaragent.addresses import GIB, MIB, SBDF, AddressRange
from dmaragent.guests.config import GuestConfig
from dmaragent.policy.decisions import Decider, Harm, Verdict
from dmaragent.policy.hotplug import Hotplug
from dmaragent.policy.layout import RamLayout, starting_layout
from dmaragent.policy.mmio_hole import HoleContent, hole_contents
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import read_guests
from dmaragent.releases import Release
from dmaragent.remedies.hotplug import hotplug
from support.guests import DEVICE_A, DEVICE_B, facts, function, guest, region, stack
from support.wording import Worded

NEW = Release(4, 20)
Spans = list[tuple[int, int, HoleContent]]


def _hole(
    one: GuestConfig, *reserved: AddressRange, release: Release = NEW, low: int | None = None
) -> Spans:
    ram = starting_layout(one.most_memory, one.video, one.mmio_hole or 0)
    ram = ram if low is None else RamLayout(low, 0)
    found = hole_contents(one, ram, reserved, release)
    return [(each.range.start, each.range.end, each.content) for each in found]


def _running(text: str = "", *, memory: int = 2048) -> GuestConfig:
    base = (
        f'name = "g"\ntype = "hvm"\nbuilder = "hvm"\nmemory = {memory}\npassthrough = "enabled"\n'
    )
    (one,) = read_guests(f"{base}{text}\n", "g.cfg")
    return one


def test_a_region_without_pages_in_the_window_moves_its_start_to_the_end_of_ram() -> None:
    empty = AddressRange(0xF0100000, 0xF0100000)

    assert _hole(_running(), empty)[0] == (0x80000000, 0x80800000, HoleContent.RAM)
    fixed = _hole(_running("mmio_hole = 256"), empty)
    assert fixed[0] == (0xF2000000, 0xF2800000, HoleContent.RAM)


def test_of_entries_that_end_alike_hvmloader_looks_at_the_last() -> None:
    """hvmloader/pci.c, find_next_rmrr, read at 4.6.0 and 4.22.0: ``end <= min_end``."""
    long, short = AddressRange(0xF0000000, 0xF2100000), AddressRange(0xF2080000, 0xF2100000)
    one = _running("mmio_hole = 256")

    assert _hole(one, short, long)[0] == (0xF4000000, 0xF4800000, HoleContent.RAM)
    assert _hole(one, long, short)[0] == (0xF0000000, 0xF0800000, HoleContent.RAM)


def test_an_entry_that_ends_where_a_bar_begins_does_not_hide_the_next_one() -> None:
    """find_next_rmrr looks for an end above the base."""
    below, within = AddressRange(0xEFF00000, 0xF0000000), AddressRange(0xF0100000, 0xF0101000)
    one = _running("mmio_hole = 256")

    assert _hole(one, below)[0] == (0xF0000000, 0xF0800000, HoleContent.RAM)
    assert _hole(one, below, within)[0] == (0xF2000000, 0xF2800000, HoleContent.RAM)


def _attach(
    one: GuestConfig, at: AddressRange, *, relaxed: bool = False, release: str = "4.20.4"
) -> Hotplug:
    text = "00:14.0,rdm_policy=relaxed" if relaxed else "00:14.0"
    host = facts({DEVICE_A: [at]})
    return hotplug(text, one, host, stack(release))


# Where the BARs are ------------------------------------------------------------------------


def test_the_largest_bars_stand_at_the_start_of_the_hole_and_the_small_ones_above() -> None:
    assert _hole(_running())[:4] == [
        (0xF0000000, 0xF0800000, HoleContent.RAM),  # cirrus: 8 MiB of video memory ...
        (0xF0800000, 0xF2000000, HoleContent.EMULATED),  # ... in a BAR of 32 MiB
        (0xF2000000, 0xF3000000, HoleContent.EMULATED),  # the platform device
        (0xF3000000, 0xF5000000, HoleContent.MAYBE_EMULATED),
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (
            'vga = "stdvga"',
            [(0xF0000000, 0xF1000000, HoleContent.EMULATED)],
        ),  # slot 2 before slot 3
        ('vga = "stdvga"\nvideoram = 48', [(0xF0000000, 0xF4000000, HoleContent.RAM)]),
        ('vga = "none"', [(0xF0000000, 0xF1000000, HoleContent.EMULATED)]),
        ("xen_platform_pci = 0", [(0xF0000000, 0xF0800000, HoleContent.RAM)]),
        ("mmio_hole = 3840", [(0x10000000, 0x10800000, HoleContent.RAM)]),
        ("videoram = 16", [(0xF0000000, 0xF1000000, HoleContent.RAM)]),
    ],
)
def test_adapter_platform_device_and_hole_decide_what_stands_first(text: str, first: Spans) -> None:
    assert _hole(_running(text))[:1] == first


def test_the_hole_grows_downwards_for_large_bars_as_far_as_there_is_no_ram() -> None:
    large = _running('vga = "stdvga"\nvideoram = 256')

    assert _hole(large)[0] == (0xE0000000, 0xF0000000, HoleContent.RAM)
    above = [one for one in _hole(large, low=0xEF000000) if one[2] is HoleContent.RAM]
    assert above == []  # no space: hvmloader leaves it unplaced


def test_bars_step_over_what_the_map_reserves() -> None:
    reserved = region(0xF0001000)

    # no mmio_hole is set, so that the window begins where low RAM ends: 0x7f800000
    assert _hole(_running(), reserved)[0] == (0x80000000, 0x80800000, HoleContent.RAM)
    fixed = _hole(_running("mmio_hole = 256"), reserved)
    assert fixed[0] == (0xF2000000, 0xF2800000, HoleContent.RAM)
    assert fixed[2] == (0xF4000000, 0xF5000000, HoleContent.EMULATED)


def test_a_reserved_range_among_the_small_bars_holds_none_of_them() -> None:
    reserved = region(0xF3800000)
    parts = [
        one for one in _hole(_running("mmio_hole = 256"), reserved) if one[2] is not HoleContent.RAM
    ]

    room = [one for one in parts if one[2] is HoleContent.MAYBE_EMULATED]
    assert room[0][:2] == (0xF3000000, 0xF3800000)
    assert room[1][0] == 0xF3801000
    assert room[1][1] > 0xF5000000


@pytest.mark.parametrize(
    "text",
    [
        'bios = "ovmf"',
        'firmware = "uefi"',
        'device_model_args_hvm = [ "-device", "ivshmem-plain" ]',
        'device_model_override = "/usr/bin/qemu"',
        "xen_platform_pci_bar_uc = 0",
        'device_model_version = "qemu-xen-traditional"',
        "device_model_stubdomain_override = 1",
        'vga = "qxl"',
        "videoram = 32",  # which QEMU's cirrus does not take
    ],
)
def test_what_is_not_modelled_leaves_the_whole_window_unknown(text: str) -> None:
    window = _hole(_running(text))[0]

    assert window == (0x80000000, 0xFC000000, HoleContent.UNKNOWN)


def test_the_bars_of_devices_that_the_guest_has_are_not_known() -> None:
    one = _running('pci = [ "00:02.0" ]')

    assert _hole(one)[0] == (0x80000000, 0xFC000000, HoleContent.UNKNOWN)
    assert _hole(one, low=0x90000000)[0][0] == 0xC0000000  # RAM at 2 GiB keeps it from growing
    assert any(each[0] >= 4 * GIB for each in _hole(one))
    kept = _hole(one, region(0xA0000000))
    assert (0x7F800000, 0xA0000000, HoleContent.UNKNOWN) in kept  # from the end of low RAM
    assert not any(start <= 0xA0000000 < end for start, end, _ in kept)


@pytest.mark.parametrize(
    ("releases", "content"),
    [
        (("4.6.6", "4.7.3", "4.8.2", "4.9.0", "4.9"), HoleContent.UNKNOWN),
        (("4.7.4", "4.8.3", "4.9.1", "4.10", "4.10.0"), HoleContent.RAM),
    ],
)
def test_hvmloader_may_not_step_over_every_reserved_range(
    releases: tuple[str, ...], content: HoleContent
) -> None:
    """Fixed by ecc607b185 in 4.10.0, by its backports in 4.7.4, 4.8.3 and 4.9.1."""
    two = (region(0xF0001000), region(0xF4000000))
    one = _running("mmio_hole = 256")

    for release in map(Release.parse, releases):
        assert _hole(one, *two, release=release)[0][2] is content
        assert _hole(one, two[0], release=release)[0][2] is HoleContent.RAM


def test_a_saved_guest_tells_its_firmware_or_is_not_known() -> None:
    def saved(hvm: dict[str, object]) -> GuestConfig:
        config = {
            "c_info": {"type": "hvm", "name": "g", "passthrough": "share_pt"},
            "b_info": {"max_memkb": 2 * MIB, "device_model_version": "qemu_xen", "type.hvm": hvm},
        }
        (one,) = read_guests(json.dumps(config), "g.json")
        return one

    assert _hole(saved({"bios": "seabios"}))[0][2] is HoleContent.RAM
    assert _hole(saved({"bios": "ovmf"}))[0][2] is HoleContent.UNKNOWN
    assert _hole(saved({}))[0][2] is HoleContent.UNKNOWN


@pytest.mark.parametrize("kib", [4 * MIB + 1, 5 * MIB, (1 << 54) - 1])
def test_a_saved_hole_above_4_gib_counts_as_none(kib: int) -> None:
    """hvmloader/pci.c, pci_setup: 4 GiB without the hole is then above HVM_BELOW_4G_MMIO_START."""

    def saved(**hvm: object) -> Spans:
        config = {
            "c_info": {"type": "hvm", "name": "g", "passthrough": "share_pt"},
            "b_info": {
                "max_memkb": 2 * MIB,
                "device_model_version": "qemu_xen",
                "type.hvm": {"bios": "seabios", **hvm},
            },
        }
        (one,) = read_guests(json.dumps(config), "g.json")
        return _hole(one)

    assert saved(mmio_hole_memkb=kib) == saved()
    assert saved(mmio_hole_memkb=MIB) != saved()


# What a device meets there -------------------------------------------------------------------


def test_a_region_in_the_framebuffer_is_refused_as_a_booted_xen_did() -> None:
    found = _attach(_running("mmio_hole = 3840"), region(0x10001000))

    assert found.verdict is Verdict.REFUSED
    assert (found.decisions[0].decider, found.decisions[0].shown) == (Decider.XEN, "EBUSY")
    assert found.decisions[0].region == region(0x10001000)


def test_relaxed_the_framebuffer_stays_and_dma_overwrites_it() -> None:
    found = _attach(_running("mmio_hole = 3840"), region(0x10001000), relaxed=True)

    assert found.verdict is Verdict.STARTS
    assert [one.harm for one in found.warnings] == [Harm.CORRUPTION]


@pytest.mark.parametrize("relaxed", [False, True])
def test_a_region_under_the_platform_device_is_mapped_over_it_with_a_warning(
    *, relaxed: bool
) -> None:
    found = _attach(_running("mmio_hole = 3840"), region(0x12000000), relaxed=relaxed)

    assert found.verdict is Verdict.STARTS
    assert [one.harm for one in found.warnings] == [Harm.HOST_MEMORY]
    assert "host memory" in found.warnings[0].reason


@pytest.mark.parametrize(
    ("at", "verdict", "warnings"),
    [
        (0x0F000000, Verdict.REFUSED, 0),  # RAM
        (0x107FF000, Verdict.REFUSED, 0),  # the last page of the video memory
        (0x10800000, Verdict.STARTS, 1),  # the rest of that BAR
        (0x12FFF000, Verdict.STARTS, 1),
        (0x13000000, Verdict.STARTS, 1),  # where the small BARs are
        (0x15000000, Verdict.STARTS, 0),  # above all of them
        (0xFBFFF000, Verdict.STARTS, 0),
        (0xFC000000, Verdict.UNDECIDED, 0),  # hvmloader's own
    ],
)
def test_page_by_page_the_hole_says_what_becomes_of_a_device(
    at: int, verdict: Verdict, warnings: int
) -> None:
    found = _attach(_running("mmio_hole = 3840"), region(at))

    assert (found.verdict, len(found.warnings)) == (verdict, warnings)


def test_a_region_that_reaches_from_one_bar_into_another_meets_both() -> None:
    across = AddressRange(0x107FF000, 0x10801000)
    found = _attach(_running("mmio_hole = 3840"), across)

    assert (found.verdict, len(found.warnings)) == (Verdict.REFUSED, 1)


def test_a_guest_whose_bars_are_not_known_leaves_a_strict_device_unknown(worded: Worded) -> None:
    ovmf = _running('bios = "ovmf"')
    found = _attach(ovmf, region(0xE0000000))

    assert found.verdict is Verdict.UNDECIDED
    assert "OVMF" in found.decisions[0].reason
    worded(found.advice[0])
    relaxed = _attach(ovmf, region(0xE0000000), relaxed=True)
    assert (relaxed.verdict, len(relaxed.warnings)) == (Verdict.STARTS, 1)
    assert _attach(ovmf, region(0x7F900000)).verdict is Verdict.STARTS  # below every BAR


def test_what_was_reserved_when_the_guest_was_created_is_free_for_its_device() -> None:
    host = facts({DEVICE_A: [region(0xE0000000)], DEVICE_B: [region(0xE8000000)]})
    laid_out = _running('rdm = "strategy=host,policy=strict"\npci = [ "00:02.0" ]')
    found = hotplug("00:14.0", laid_out, host, stack("4.14.6"))

    assert found.verdict is Verdict.STARTS
    without = hotplug("00:14.0", _running('pci = [ "00:02.0" ]'), host, stack("4.14.6"))
    assert without.verdict is Verdict.UNDECIDED


def test_a_pv_guest_has_no_such_hole() -> None:
    (one,) = read_guests(
        'name = "g"\ntype = "pv"\nmemory = 512\npassthrough = "enabled"\n', "g.cfg"
    )
    assert _attach(one, region(0xF2000000)).verdict is Verdict.STARTS


def test_libvirts_guests_are_looked_at_in_the_same_way() -> None:
    host = facts({DEVICE_A: [region(0xF0001000)]})
    found = hotplug("00:14.0", _running(), host, stack("4.20", toolstack=Toolstack.LIBVIRT))

    assert found.verdict is Verdict.REFUSED


def test_a_device_that_is_given_at_the_start_is_stepped_over_and_starts() -> None:
    one = guest("00:14.0", mmio_hole=3840, memory=200)
    host = facts({DEVICE_A: [region(0x10001000)]})
    found = hotplug("00:02.0", one, host, stack("4.20"))  # which has no region

    assert SBDF(0, 0, 2, 0) == DEVICE_B
    assert found.verdict is Verdict.REFUSED  # only since no such function answers
    both = facts(
        {DEVICE_A: [region(0x10001000)], DEVICE_B: []},
        functions={DEVICE_A: function(DEVICE_A), DEVICE_B: function(DEVICE_B)},
    )
    assert hotplug("00:02.0", one, both, stack("4.20")).verdict is Verdict.STARTS
