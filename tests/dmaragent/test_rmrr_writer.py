"""Writing ``rmrr=``: pages, limits, segments; and that Xen's reader gives the same back."""

import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.boot_option.boot_loaders import grub_default, one_word
from dmaragent.boot_option.request import RequestError, read_wanted
from dmaragent.boot_option.rmrr_writer import PageRange, RmrrText, WantedRegion, write_ranges
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.rmrr_option import parse_rmrr_option
from support.wording import Worded

USB = SBDF.parse("00:1d.0")


def _wanted(base: int, limit: int, *devices: str) -> WantedRegion:
    return WantedRegion(
        base=base, limit=limit, devices=tuple(map(SBDF.parse, devices or ("00:1d.0",)))
    )


def _one(wanted: WantedRegion, taken: int = 0, longest: int = 127) -> RmrrText:
    (written,) = write_ranges([wanted], taken, longest)
    return written


def _words(ranges: Sequence[PageRange]) -> str:
    return " ".join(each.word for each in ranges)


def _texts(*wanted: WantedRegion) -> list[str]:
    return [each.text for one in write_ranges(wanted) for each in one.ranges]


@pytest.mark.parametrize(
    ("base", "limit", "texts"),
    [
        (0x1000, 0x1FFF, ["0x1=00:1d.0"]),
        (0x1000, 0x10FFF, ["0x1-0x10=00:1d.0"]),
        (0x1000, 0x11FFF, ["0x1-0x10=00:1d.0", "0x11=00:1d.0"]),
        (0xBDF3E000, 0xBDF5DFFF, ["0xbdf3e-0xbdf4d=00:1d.0", "0xbdf4e-0xbdf5d=00:1d.0"]),
        (0x1FFF, 0x2000, ["0x1-0x2=00:1d.0"]),
        (0x0, 0x0, ["0x0=00:1d.0"]),
    ],
    ids=["one page", "16 pages", "17 pages", "128 KiB", "rounded outwards", "one byte"],
)
def test_a_region_becomes_whole_pages_16_a_range(base: int, limit: int, texts: list[str]) -> None:
    assert _texts(_wanted(base, limit)) == texts


@pytest.mark.parametrize(
    ("base", "limit", "rounded"),
    [(0x1000, 0x1FFF, False), (0x1001, 0x1FFF, True), (0x1000, 0x1FFE, True)],
)
def test_rounding_is_known(base: int, limit: int, rounded: bool) -> None:  # noqa: FBT001
    assert _wanted(base, limit).rounded is rounded


@pytest.mark.parametrize(
    ("base", "limit", "pages"),
    [
        (0x1000, 0x1FFF, AddressRange(0x1000, 0x2000)),
        (0x1FFF, 0x2000, AddressRange(0x1000, 0x3000)),
    ],
)
def test_the_pages_of_a_region_have_its_last_byte(
    base: int, limit: int, pages: AddressRange
) -> None:
    assert _wanted(base, limit).pages == pages


def test_ten_ranges_are_written_and_the_eleventh_is_refused_whole(worded: Worded) -> None:
    regions = [_wanted(page << 16, (page << 16) + 0xFFF) for page in range(1, 12)]
    *ten, last = write_ranges(regions)

    assert [len(one.ranges) for one in ten] == [1] * 10
    assert last.ranges == ()
    worded(last.refusal, "10")


def test_ranges_that_stand_there_already_count(worded: Worded) -> None:
    two = _wanted(0x1000, 0x11FFF)

    assert len(_one(two, taken=8).ranges) == 2
    worded(_one(two, taken=9).refusal, "10")


def test_160_pages_are_all_there_is(worded: Worded) -> None:
    assert len(_one(_wanted(0, (160 << 12) - 1)).ranges) == 10
    worded(_one(_wanted(0, 160 << 12)).refusal, "161")


def test_twenty_devices_fit_where_their_addresses_are_short_and_21_never(worded: Worded) -> None:
    short = [f"{bus:02x}:{device:02x}.0" for device in (1, 2) for bus in range(10)]
    twenty = _one(_wanted(0x1000, 0x1FFF, *short))

    assert twenty.ranges[0].text.startswith("1=0:1.0,1:1.0,")
    assert len(twenty.ranges[0].word) <= 127
    assert "20" in _one(_wanted(0x1000, 0x1FFF, *short, "0a:01.0")).refusal
    long = [f"{bus:02x}:1d.0" for bus in range(0x80, 0x94)]
    worded(_one(_wanted(0x1000, 0x1FFF, *long)).refusal, "127")


@pytest.mark.parametrize(
    ("devices", "page", "begins", "length"),
    [
        (11, 0x1000, "0x1000=80:1d.0", 99),
        (11, 0x10000, "10000=80:1d.0", 98),
        (15, 0x10, "10=80:1d.0", 127),
    ],
    ids=["as people write it", "in the short form", "the longest from 4.10 on"],
)
def test_a_long_word_is_written_in_the_short_form(
    devices: int, page: int, begins: str, length: int
) -> None:
    names = [f"{0x80 + number:02x}:1d.0" for number in range(devices)]

    (written,) = _one(_wanted(page << 12, (page << 12) + 0xFFF, *names)).ranges

    assert written.text.startswith(begins)
    assert len(written.word) == length


def test_4_9_reads_99_characters_of_a_word(worded: Worded) -> None:
    names = [f"{0x80 + number:02x}:1d.0" for number in range(12)]
    wanted = _wanted(0x1000, 0x1FFF, *names)

    assert len(_one(wanted).ranges[0].word) == 102
    worded(_one(wanted, longest=99).refusal, "99")


@pytest.mark.parametrize(
    ("devices", "text"),
    [
        (["0001:00:1d.0", "0001:00:1a.7"], "0x1=0001:00:1d.0,00:1a.7"),
        (["0000:00:1d.0", "0000:00:1a.0"], "0x1=00:1d.0,00:1a.0"),
        (["00:1d.0", "00:1d.0"], "0x1=00:1d.0"),
        (["ffff:ff:1f.7"], "0x1=ffff:ff:1f.7"),
    ],
)
def test_the_segment_is_written_once_where_it_is_not_0(devices: list[str], text: str) -> None:
    assert _texts(_wanted(0x1000, 0x1FFF, *devices)) == [text]


@pytest.mark.parametrize(
    "devices",
    [
        ["0000:00:1d.0", "0001:00:1d.0"],
        ["10000:00:1d.0"],
        ["00:00.0"],
        ["00:1d.0", "0000:00:00.0"],
    ],
)
def test_devices_that_xen_cannot_take_are_refused(devices: list[str], worded: Worded) -> None:
    written = _one(_wanted(0x1000, 0x1FFF, *devices))

    assert written.ranges == ()
    worded(written.refusal)


def test_regions_with_a_page_in_common_are_refused_but_neighbours_are_not(worded: Worded) -> None:
    first, second = write_ranges([_wanted(0x1000, 0x17FF), _wanted(0x1800, 0x2FFF)])
    assert (len(first.ranges), second.ranges) == (1, ())
    worded(second.refusal, "0x1000-0x17ff")

    assert _texts(_wanted(0x1000, 0x1FFF), _wanted(0x2000, 0x2FFF)) == [
        "0x1=00:1d.0",
        "0x2=00:1d.0",
    ]


_SBDFS = st.builds(SBDF, st.just(0), st.integers(0, 255), st.integers(1, 31), st.integers(0, 7))


@st.composite
def _regions(draw: st.DrawFn) -> list[WantedRegion]:
    found = []
    for place in draw(st.lists(st.integers(0, 1 << 20), min_size=1, max_size=5, unique=True)):
        segment = draw(st.sampled_from([0, 1, 0x10, 0xFFFF]))
        devices = draw(st.lists(_SBDFS, min_size=1, max_size=6, unique=True))
        base = (place << 24) + draw(st.integers(0, 0xFFFF))
        found.append(
            WantedRegion(
                base=base,
                limit=base + draw(st.integers(0, 0x1EFFF)),
                devices=tuple(SBDF(segment, d.bus, d.device, d.function) for d in devices),
            )
        )
    return found


@given(_regions(), st.booleans())
def test_xen_reads_back_exactly_the_pages_and_devices(
    regions: list[WantedRegion],
    together: bool,  # noqa: FBT001
) -> None:
    written = write_ranges(regions)
    ranges = [each for one in written for each in one.ranges]
    words = one_word(ranges, 127) if together else None
    read = parse_rmrr_option(words if words is not None else _words(ranges), Release(4, 22))

    assert all(one.accepted and not one.reason for one in read)
    assert [(one.start_pfn, one.end_pfn, one.devices) for one in read] == [
        (one.start_pfn, one.end_pfn, one.devices) for one in ranges
    ]
    for one in written:
        pages = {page for each in one.ranges for page in range(each.start_pfn, each.end_pfn + 1)}
        assert pages == set(range(one.wanted.first, one.wanted.last + 1)) or one.refusal


# For boot loaders


@pytest.mark.skipif(not shutil.which("sh"), reason="there is no sh")
@pytest.mark.parametrize("form", ["words", "one word"])
def test_the_shell_hands_grub_what_its_own_language_reads_as_the_option(form: str) -> None:
    ranges = _one(_wanted(0xBDF3E000, 0xBDF5DFFF)).ranges
    options = _words(ranges) if form == "words" else one_word(ranges, 127)
    assert options is not None
    script = (
        f'GRUB_CMDLINE_XEN_DEFAULT="dom0_mem=2G"\n{grub_default(options)}\n'
        'printf %s "$GRUB_CMDLINE_XEN_DEFAULT"'
    )

    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr == ""
    # grub.cfg: a backslash takes the meaning off ';', which else ends the command.
    before_end = done.stdout.replace(r"\;", "\0").split(";", maxsplit=1)[0].replace("\0", ";")
    assert before_end == f"dom0_mem=2G {options}"
    assert ("\\" in done.stdout) == (form == "one word")


def test_one_word_that_xen_would_cut_is_not_offered() -> None:
    regions = [_wanted(page << 16, (page << 16) + 0xFFFF) for page in range(0x1000, 0x1006)]
    ranges = [each for one in write_ranges(regions) for each in one.ranges]

    assert one_word(ranges, 127) is None
    assert len(one_word(ranges[:5], 127) or "") <= 127


def test_one_word_of_127_characters_is_offered() -> None:
    devices = [f"{bus:02x}:1d.0" for bus in range(0x80, 0x87)]
    first, just, over = (
        _wanted(page << 12, (page << 12) + 0xFFF, *devices) for page in (0x10, 0x100, 0x1000)
    )
    ranges, longer = (
        [each for one in write_ranges(pair) for each in one.ranges]
        for pair in ((first, just), (first, over))
    )

    assert len(one_word(ranges, 127) or "") == 127
    assert one_word(longer, 127) is None


# What a user asks for


@pytest.mark.parametrize(
    ("text", "base", "limit"),
    [
        ("0xbdf3e000-0xbdf5dfff=00:1d.0", 0xBDF3E000, 0xBDF5DFFF),
        ("0xbdf3e000+0x20000=00:1d.0", 0xBDF3E000, 0xBDF5DFFF),
        ("0xbdf3e000+128K=00:1d.0", 0xBDF3E000, 0xBDF5DFFF),
        ("0XBDF3E000+128KiB=00:1d.0", 0xBDF3E000, 0xBDF5DFFF),
        ("0x0+1=00:1d.0", 0, 0),
        ("0x100000000+1M=00:1d.0", 1 << 32, (1 << 32) + 0xFFFFF),
        ("0xffffffffff000+4K=00:1d.0", (1 << 52) - 0x1000, (1 << 52) - 1),
    ],
)
def test_a_region_is_read(text: str, base: int, limit: int) -> None:
    assert read_wanted(text) == WantedRegion(base=base, limit=limit, devices=(USB,))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 1),
        ("bdf3e000-0xbdf5dfff=00:1d.0", 1),
        ("0x1000", 7),
        ("0x1000-1fff=00:1d.0", 8),
        ("0x2000-0x1fff=00:1d.0", 8),
        ("0x1000+=00:1d.0", 8),
        ("0x1000+0=00:1d.0", 8),
        ("0x1000+010=00:1d.0=", 12),
        ("0x1000-0x1fff", 14),
        ("0x1000-0x1fff=", 15),
        ("0x1000-0x1fff=00:1d.0,00:1z.0", 23),
        ("0x1000-0x1fffffffffffffff=00:1d.0", 8),
        ("0x1000-0x10000000000000=00:1d.0", 8),
    ],
)
def test_an_error_names_its_place(text: str, position: int, worded: Worded) -> None:
    with pytest.raises(RequestError) as caught:
        read_wanted(text)

    assert caught.value.position == position
    worded(str(caught.value))
