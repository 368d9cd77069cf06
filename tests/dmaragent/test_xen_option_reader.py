"""What each release of Xen reads of rmrr= and iommu=, as Xen's own functions of its tags do.

The expected values are what ``parse_rmrr_param``, ``add_user_rmrr`` and ``parse_iommu_param`` of
Xen 4.6.0 to 4.22.0 and master, compiled, made of the texts.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.releases import Release
from dmaragent.xen.hypervisor.command_line import iommu_switch, iommu_switched_off
from dmaragent.xen.hypervisor.rmrr_option import UserRange, parse_rmrr_option, places_taken

RELEASES = (Release(4, 9), Release(4, 16), Release(4, 22))
"""One of each reader of rmrr=: 4.9, 4.10 to 4.16, from 4.17 on."""


def _accepted(ranges: tuple[UserRange, ...]) -> str:
    """Return the accepted of `ranges` as ``pages device device; pages device``."""
    shown = []
    for user in ranges:
        if user.accepted:
            last = "" if user.end_pfn == user.start_pfn else f"-{user.end_pfn:x}"
            shown.append(f"{user.start_pfn:x}{last} {' '.join(map(str, user.devices))}")
    return "; ".join(shown)


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("0xd5d45=0:0:1f.39", [""] * 3),
        ("0xd5d45=0:0:1f.08", ["d5d45 0000:00:1f.0"] * 3),
        ("10=00:1d.08;20=00:1d.0", ["10 0000:00:1d.0"] * 3),
        ("10=00:1d.0x7", ["10 0000:00:1d.7"] * 3),
        ("10=00:1d.0x", ["10 0000:00:1d.0"] * 3),
        ("10=00:1d.", ["10 0000:00:1d.0"] * 3),
        ("10=:.", ["10 0000:00:00.0"] * 3),
        ("10=::.", ["10 0000:00:00.0"] * 3),
        ("0x=00:1d.0", ["0 0000:00:1d.0"] * 3),
        ("0X1F=0X0:0X1d.0X1", ["1f 0000:00:1d.1"] * 3),
        ("=00:1d.0", [""] * 3),
        ("-10=00:1d.0", [""] * 3),
        ("10-=00:1d.0", [""] * 3),
        ("10-0x=00:1d.0", [""] * 3),
        ("10-11-12=00:1d.0", [""] * 3),
        ("10000000000000001=00:1d.0", ["1 0000:00:1d.0"] * 3),
        ("10=10000000000000000:00:1d.0", ["10 0000:00:1d.0"] * 3),
        ("10=10000000000000001:00:1d.0", ["10 0001:00:1d.0"] * 3),
        ("10=10000:00:1d.0", [""] * 3),
        ("10=100:1d.0", [""] * 3),
        ("10=00:20.0", [""] * 3),
        ("10=00:1d.18446744073709551617", ["10 0000:00:1d.1"] * 3),
        ("10=00:1d.0000000000007", ["10 0000:00:1d.7"] * 3),
        ("10=00:1d.0200000000000000000000001", ["10 0000:00:1d.1"] * 3),
        ("10=00:1d.8", [""] * 3),
        ("10=+0:1d.0", [""] * 3),
        ("10= 00:1d.0", [""] * 3),
        ("10=00:1d.0,", ["10 0000:00:1d.0", "", ""]),
        ("10=00:1d.0;", ["10 0000:00:1d.0"] * 3),
        ("10=00:1d.0;;20=00:1d.0", ["10 0000:00:1d.0"] * 3),
        ("10=00:1d.0 20=00:1a.0", ["10 0000:00:1d.0"] * 3),
        ("10-20=00:1d.0;30=00:1d.0", ["30 0000:00:1d.0", "30 0000:00:1d.0", ""]),
        ("10-1f=00:1d.0;30=00:1d.0", ["10-1f 0000:00:1d.0; 30 0000:00:1d.0"] * 3),
        ("20-1f=00:1d.0;30=00:1d.0", ["30 0000:00:1d.0", "30 0000:00:1d.0", ""]),
        ("0-ffffffffffffffff=00:1d.0;30=00:1d.0", ["30 0000:00:1d.0", "30 0000:00:1d.0", ""]),
        ("ffffffffffffffff-0=00:1d.0;30=00:1d.0", ["30 0000:00:1d.0"] * 3),
        ("10;20=00:1d.0", ["20 0000:00:1d.0"] * 3),
        ("10 rmrr=20=00:1d.0", ["20 0000:00:1d.0"] * 3),
        ("10=00:1d.0,zz;20=00:1d.0", ["10 0000:00:1d.0", "", ""]),
        (
            "10=00:1d.0,zz rmrr=20=00:1a.0 rmrr=30=00:1a.0",
            [
                "10 0000:00:1d.0; 20 0000:00:1a.0; 30 0000:00:1a.0",
                "20 0000:00:1d.0 0000:00:1a.0; 30 0000:00:1a.0",
                "20 0000:00:1d.0 0000:00:1a.0; 30 0000:00:1a.0",
            ],
        ),
        (
            "10=1:00:1d.0,zz rmrr=20=00:1a.0",
            [
                "10 0001:00:1d.0; 20 0000:00:1a.0",
                "20 0001:00:1d.0 0001:00:1a.0",
                "20 0001:00:1d.0 0001:00:1a.0",
            ],
        ),
        (
            "10=1:00:1d.0,zz rmrr=20 rmrr=30=0:00:1a.0",
            [
                "10 0001:00:1d.0; 30 0000:00:1a.0",
                "30 0001:00:1d.0 0001:00:1a.0",
                "30 0001:00:1d.0 0001:00:1a.0",
            ],
        ),
        (
            "10=00:1d.0,zz rmrr=10-20=00:1a.0 rmrr=30=00:1f.0",
            ["10 0000:00:1d.0; 30 0000:00:1f.0", "30 0000:00:1f.0", "30 0000:00:1d.0 0000:00:1f.0"],
        ),
        ("10=3:00:1d.0,1:00:1a.0", ["10 0003:00:1d.0 0003:00:1a.0"] * 3),
        ("10=1:00:1d.0,00:1a.0", ["10 0001:00:1d.0 0001:00:1a.0"] * 3),
        ("10=1:00:1d.0,0:00:1a.0", ["10 0001:00:1d.0 0001:00:1a.0"] * 3),
        ("10=1:00:1d.0,2:00:1a.0;20=00:1d.0", ["20 0000:00:1d.0"] * 3),
        ("10=00:1d.0\t20=00:1a.0", ["10 0000:00:1d.0"] * 3),
        ('"10=00:1d.0"', [""] * 3),
    ],
)
def test_each_release_reads_a_range_as_xen_does(value: str, accepted: list[str]) -> None:
    line = f"rmrr={value}"

    assert [_accepted(parse_rmrr_option(line, release)) for release in RELEASES] == accepted


@pytest.mark.parametrize(
    ("release", "places"), [(Release(4, 9), 3), (Release(4, 16), 2), (Release(4, 17), 1), (None, 3)]
)
def test_a_range_that_setup_ignores_takes_a_place(release: Release | None, places: int) -> None:
    line = "rmrr=10-20=00:1d.0 rmrr=10=00:1d.0,zz rmrr=ffffffffffffffff-0=00:1d.0"

    assert places_taken(line, release) == places


def test_an_eleventh_range_is_unknown_in_4_9_and_refused_after_it() -> None:
    words = " ".join(f"rmrr={number:x}0=00:1d.0" for number in range(1, 12))

    old, new = (parse_rmrr_option(words, release) for release in (Release(4, 9), Release(4, 10)))

    assert [each.accepted for each in old] == [True] * 10 + [None]
    assert [each.accepted for each in new] == [True] * 10 + [False]


def test_a_word_ends_at_99_bytes_in_4_9_and_at_127_later() -> None:
    value = ";".join(f"{number:x}000=00:1d.0" for number in range(1, 12))
    kept = {}
    for release in (Release(4, 9), Release(4, 10), Release(4, 22)):
        read = parse_rmrr_option(f"rmrr={value}", release)
        kept[release] = sum(bool(each.accepted) for each in read)

    assert kept == {Release(4, 9): 7, Release(4, 10): 9, Release(4, 22): 9}


@pytest.mark.parametrize("line", ["a -- rmrr=10=00:1d.0", "no-rmrr=10=00:1d.0", "xrmrr=10=0:1.0"])
def test_a_word_that_xen_does_not_read_is_no_range(line: str) -> None:
    assert parse_rmrr_option(line, Release(4, 22)) == ()


def test_a_range_that_releases_read_differently_is_unknown_without_the_release() -> None:
    same, large, after = parse_rmrr_option("rmrr=8=00:1d.0;10-20=00:1d.0;30=00:1d.0", None)

    assert (same.accepted, large.accepted, after.accepted) == (True, False, None)
    assert "Xen 4.9" in after.reason


@given(
    st.text(alphabet="0189afxX:;,.=- \té", max_size=60),
    st.sampled_from(
        [None, Release(4, 6), Release(4, 9), Release(4, 10), Release(4, 16), Release(4, 22)]
    ),
)
def test_any_text_is_read_and_every_range_has_its_verdict(
    text: str, release: Release | None
) -> None:
    for user in parse_rmrr_option(f"rmrr={text} rmrr=10=00:1d.0,{text}", release):
        assert user.devices if user.accepted else user.reason


# iommu=


ALL = (
    Release(4, 6),
    Release(4, 9),
    Release(4, 10, 2),
    Release(4, 10, 3),
    Release(4, 11, 1),
    Release(4, 11, 2),
    Release(4, 12),
    Release(4, 22),
)
OFF = [True] * 8
ON = [False] * 8
BEFORE_4_10 = [True] * 2 + [False] * 6
BEFORE_4_12 = [True] * 6 + [False] * 2
ABBREVIATED = [False, False, True, False, True, False, False, False]


@pytest.mark.parametrize(
    ("line", "off"),
    [
        ("iommu", ON),
        ("iommu=", ON),
        ("iommu=0", OFF),
        ("iommu=disable", OFF),
        ("iommu=OFF", ON),
        ("iommu=1,0", OFF),
        ("iommu=0,1", BEFORE_4_10),
        ("iommu=0 iommu=on", BEFORE_4_10),
        ("iommu=verbose,off", OFF),
        ("iommu=force", ON),
        ("iommu=required,no-intremap", ON),
        ("iommu=off,force", OFF),
        ("iommu=no-off", BEFORE_4_12),
        ("iommu=no-no", BEFORE_4_12),
        ("iommu=no-on", ON),
        ("iommu=o", ABBREVIATED),
        ("iommu=fals", ABBREVIATED),
        ("iommu=d", ABBREVIATED),
        ("iommu=verb", ON),
        ("iommu=off=1", ON),
        ("no-iommu", OFF),
        ("no-iommu=", OFF),
        ("no-iommu=on", ON),
        ("no-iommu=off", ON),
        ("no-no-iommu", ON),
        ("no-iommu iommu=1", BEFORE_4_10),
        ("iommu=1 no-iommu", OFF),
        ('"iommu=off"', ON),
        ("iommu=off\tdebug", ON),
        ("dom0-iommu=off", ON),
        ("iommu=off;on", ON),
        ("a -- iommu=off", ON),
        ("iommu=off --", OFF),
        (f"iommu=on,{'x' * 110},off", [False, False, *OFF[2:]]),
        (f"iommu=on,{'x' * 120},off", ON),
    ],
)
def test_each_release_switches_the_iommu_off_as_xen_does(line: str, off: list[bool]) -> None:
    assert [bool(iommu_switched_off(line, release)) for release in ALL] == off


@pytest.mark.parametrize("release", [None, Release(4, 10), Release(4, 11)])
def test_a_word_that_only_some_releases_obey_is_a_doubt(release: Release | None) -> None:
    switch = iommu_switch("iommu=fals", release)

    assert switch.word == "iommu=fals"
    assert "Xen 4.1" in switch.doubt
    assert iommu_switched_off("iommu=fals", release) == ""
    assert iommu_switch("no-iommu", release).doubt == ""
