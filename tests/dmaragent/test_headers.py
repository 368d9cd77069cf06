"""The headers of a bundle's members are those that tarfile writes."""

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.collect.headers import Headers

TAKEN = 1795000000
NAMES = [
    "top/manifest.json",
    "top/" + "x" * 96,
    "top/" + "x" * 97,
    "y" * 155 + "/" + "x" * 100,
    "y" * 156 + "/" + "x" * 100,
    "y" * 155 + "/" + "x" * 101,
    "/".join(["steps"] * 30),
    "/".join(["steps"] * 60),
    "top/root/sys/bus/pci/slots/\udcff",
    "top/root/\U0001f980",
]
SIZES = [0, 1, 511, 8**11 - 1, 8**11]


def _by_tarfile(name: str, size: int, taken: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = size, taken, 0o600
    try:
        return member.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    except (ValueError, UnicodeEncodeError):
        return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_header_is_tarfile_s(name: str, size: int) -> None:
    assert Headers(TAKEN).header(name, size) == _by_tarfile(name, size, TAKEN)


@given(
    st.lists(st.text("aZ0.:", min_size=1, max_size=60), min_size=1, max_size=8).map("/".join),
    st.integers(0, 8**11),
    st.integers(0, 1 << 32),
)
def test_any_header_is_tarfile_s(name: str, size: int, taken: int) -> None:
    assert Headers(taken).header(name, size) == _by_tarfile(name, size, taken)
