"""An item of pci= as documented: what is refused and where, and what is written reads back."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF
from dmaragent.guests.pci import read_pci_documented, read_pci_shipped, write_pci
from dmaragent.guests.pci_text import PciRefusal, PciText, PolicyWord
from support.pci_texts import ADDRESS, FUNCTION, NEW, OLD, at, device, named
from support.wording import Worded

STRICT, RELAXED, INVALID = PolicyWord.STRICT, PolicyWord.RELAXED, PolicyWord.INVALID


@pytest.mark.parametrize("word", ["yes", "true", "2", "-1", "01", ""])
def test_s28_the_documented_reader_refuses_a_word_and_says_what_xl_makes_of_words(
    word: str,
) -> None:
    assert read_pci_documented(f"36:00.0,permissive={word}") == PciRefusal(
        19, "0 or 1: xl reads every word as 0", silent=False
    )


SLOT, DEVICE = "a slot, hexadecimal and up to ff", "a device, hexadecimal and up to 1f"
KEYS = "one of bdf, vslot, name, rdm_policy, msitranslate, power_mgmt, permissive, seize"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("36:00.0", device()),
        ("AbCd:36:1F.7", at(0xABCD, 0x36, 0x1F, 7)),
        ("36:0.*@5", device(all_functions=True, vslot=5)),
        ("36:00.0,vslot=20,seize=1", device(vslot=0x20, seize=True)),
        ("seize=1,bdf=36:00.0,vslot=20", device(vslot=0x20, seize=True)),
        ("name=disk,rdm_policy=relaxed", named("disk", policy=RELAXED)),
        ("36:00.0,msitranslate=0,power_mgmt=1", device(msitranslate=False, power_mgmt=True)),
        ("", (0, f"{ADDRESS}, or name=")),
        ("36.0", (0, "key=value")),
        ("36:00", (5, "a dot and the function")),
        ("bdf=36:00", (9, "a dot and the function")),
        ("36:00.8", (6, FUNCTION)),
        ("36:00.07", (6, FUNCTION)),
        ("36:00.8,seize=1", (6, FUNCTION)),
        ("36:0x0.0", (4, "a dot and the function")),
        ("36: 0.0", (3, DEVICE)),
        ("36:20.0", (3, DEVICE)),
        ("036:00.0", (0, "a bus, hexadecimal and up to ff")),
        ("10000:36:00.0", (0, "a segment, hexadecimal and up to ffff")),
        ("36:00.0-3", (7, "@, a comma or the end")),
        ("36:00.0@100", (8, SLOT)),
        ("36:00.0@5 ", (9, "a comma or the end")),
        ("36:00.0,vslot=", (14, SLOT)),
        ("36:00.0,vslot=5h", (15, "a comma or the end")),
        ("bdf=36:00.0@5", (11, "a comma or the end")),
        ("bdf=0", (4, ADDRESS)),
        ("36:00.0,", (8, "no comma at the end")),
        ("36:00.0,,seize=1", (8, KEYS)),
        ("36:00.0,seize", (8, "key=value")),
        ("36:00.0,hotplug=1", (8, KEYS)),
        ("36:00.0,seize=1,seize=1", (16, "no second seize")),
        ("36:00.0,bdf=36:00.0", (8, "no second bdf")),
        ("36:00.0@5,vslot=5", (10, "no second vslot")),
        ("36:00.0,name=disk", (17, "bdf or name, not both")),
        ("seize=1", (7, f"{ADDRESS}, or name=")),
        ("name=", (5, "a name without blanks")),
        ("name=a b", (5, "a name without blanks")),
        ("36:00.0,rdm_policy=Strict", (19, "strict or relaxed")),
        ("36:00.0,rdm_policy=invalid", (19, "strict or relaxed")),
    ],
)
def test_the_documented_reader_says_where_and_what_it_expected(
    text: str, answer: PciText | tuple[int, str]
) -> None:
    read = read_pci_documented(text)
    if isinstance(answer, PciText):
        assert read == answer
    else:
        assert read == PciRefusal(*answer, silent=False, exit_status=6)


FLAG = st.none() | st.booleans()
PLACES = st.builds(
    SBDF,
    st.just(0) | st.integers(0, 0xFFFF),
    st.integers(0, 0xFF),
    st.integers(0, 0x1F),
    st.integers(0, 7),
)
NAMES = st.from_regex(r"[^\s,\0]+", fullmatch=True)


@st.composite
def _texts(draw: st.DrawFn) -> PciText:
    """Draw whatever the manual has words for."""
    sbdf = draw(st.none() | PLACES)
    return PciText(
        sbdf=sbdf,
        name=draw(NAMES) if sbdf is None else None,
        all_functions=sbdf is not None and sbdf.function == 0 and draw(st.booleans()),
        vslot=draw(st.integers(0, 0xFF)),
        policy=draw(st.sampled_from([None, STRICT, RELAXED])),
        msitranslate=draw(FLAG),
        power_mgmt=draw(FLAG),
        permissive=draw(FLAG),
        seize=draw(FLAG),
    )


@given(_texts())
@example(named("a=b", vslot=5))
def test_what_is_written_reads_as_it_was_and_4_15_reads_it_alike(pci: PciText) -> None:
    text = write_pci(pci)
    assert read_pci_documented(text) == pci
    if pci.vslot <= 0x1F:
        assert read_pci_shipped(text, NEW) == pci
    if pci.sbdf and not pci.all_functions:
        assert read_pci_shipped(text, OLD) == pci


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("bdf=0000:36:00.0", "36:00.0"),
        ("0001:36:0.*,vslot=0A", "0001:36:00.*@a"),
        ("vslot=5,name=disk", "name=disk,vslot=5"),
        (
            "36:0.0,rdm_policy=strict,seize=1,permissive=0",
            "36:00.0,permissive=0,seize=1,rdm_policy=strict",
        ),
    ],
)
def test_the_shortest_documented_spelling_is_written(text: str, written: str) -> None:
    read = read_pci_documented(text)
    assert isinstance(read, PciText)
    assert write_pci(read) == written


@pytest.mark.parametrize(
    "pci",
    [
        device(policy=INVALID),
        device(ignored=("hotplug",)),
        at(0x10000, 0x36, 0, 0),
        named(""),
        named("a,seize=1"),
        named("a b"),
    ],
)
def test_what_the_manual_has_no_words_for_is_not_written(pci: PciText, worded: Worded) -> None:
    with pytest.raises(ValueError) as refused:
        write_pci(pci)
    worded(str(refused.value))


@pytest.mark.parametrize(
    "settings",
    [
        {"sbdf": None, "name": None},
        {"sbdf": SBDF(0, 0, 0, 0), "name": "disk"},
        {"sbdf": SBDF(0, 0, 0, 1), "name": None, "all_functions": True},
        {"sbdf": None, "name": "disk", "all_functions": True},
        {"sbdf": None, "name": "disk", "vslot": 0x100},
    ],
)
def test_a_device_that_no_parser_gives_cannot_be_made(
    settings: dict[str, Any], worded: Worded
) -> None:
    with pytest.raises(ValueError) as refused:
        PciText(**settings)
    worded(str(refused.value))
