"""An item of pci=: the tables of both parsers, the documented grammar, and libxlutil 4.17."""

import random
from collections import Counter
from dataclasses import dataclass, fields
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dmaragent.addresses import SBDF
from dmaragent.policy.pci_model import PciRefusal, PciText, PciUndefined, PolicyWord
from dmaragent.policy.pci_text import read_pci_documented, read_pci_shipped, write_pci
from support.libxlutil import SENTINEL
from support.libxlutil_pci import SENTINEL_BYTE, LibxlutilPci

STRICT, RELAXED, INVALID = PolicyWord.STRICT, PolicyWord.RELAXED, PolicyWord.INVALID
SILENT, TOLD, FAILED = "silent, 6", "told, 6", "told, 3"
NOBODY_KNOWS = "undefined"
Answer = PciText | str


@dataclass(frozen=True)
class Era:
    """Stands in for LibxluBehaviour."""

    pci_strictly: bool
    star_aborts: bool | None = None


NEW, OLD = Era(pci_strictly=True), Era(pci_strictly=False)


def _at(segment: int, bus: int, device: int, function: int, **settings: Any) -> PciText:
    return PciText(sbdf=SBDF(segment, bus, device, function), name=None, **settings)


def _device(**settings: Any) -> PciText:
    """Give 36:00.0, which is what most rows are about."""
    return _at(0, 0x36, 0, 0, **settings)


def _named(name: str, **settings: Any) -> PciText:
    return PciText(sbdf=None, name=name, **settings)


def _put(read: PciText | PciRefusal | PciUndefined) -> Answer:
    if isinstance(read, PciText):
        return read
    if isinstance(read, PciUndefined):
        return NOBODY_KNOWS
    return f"{'silent' if read.silent else 'told'}, {read.exit_status}"


ADDRESSES: list[tuple[str, Answer, Answer]] = [  # as up to 4.14, as from 4.15 on
    ("36:00.0", _device(), _device()),
    ("0001:36:1f.7", _at(1, 0x36, 0x1F, 7), _at(1, 0x36, 0x1F, 7)),
    ("ffff:ff:1f.7", _at(0xFFFF, 0xFF, 0x1F, 7), _at(0xFFFF, 0xFF, 0x1F, 7)),
    ("10000:36:00.0", SILENT, SILENT),
    ("100:00.0", SILENT, SILENT),
    ("1:100:00.0", SILENT, SILENT),
    ("36:20.0", NOBODY_KNOWS, SILENT),
    ("36:100.0", SILENT, SILENT),
    ("36:00.8", SILENT, SILENT),
    ("36:00.", SILENT, SILENT),
    ("36:00", SILENT, NOBODY_KNOWS),
    ("36:00,seize=1", SILENT, NOBODY_KNOWS),
    ("36:0 .0", SILENT, NOBODY_KNOWS),
    ("136:00", SILENT, SILENT),
    ("36:20", SILENT, SILENT),
    ("1:2:3:4.5", SILENT, SILENT),
    (":36:00.0", SILENT, SILENT),
    ("36.0", SILENT, SILENT),
    ("", SILENT, SILENT),
    ("36:00.0-3", SILENT, SILENT),
    ("36:00.1,3", SILENT, SILENT),
    ("::00.0", SILENT, SILENT),
    ("36::.0", SILENT, SILENT),
    ("36:00:.0", SILENT, SILENT),
    ("36:00:", SILENT, SILENT),
    ("36:00: 1.0", _at(0x36, 0, 1, 0), _at(0x36, 0, 1, 0)),
    ("36:00.0@x", SILENT, SILENT),
    ("36:00.0=1", SILENT, SILENT),
    ("000036:00.07", _at(0, 0x36, 0, 7), _at(0, 0x36, 0, 7)),
    ("36:0x0.0", _device(), _device()),
    ("36:0X5.0", _at(0, 0x36, 5, 0), _at(0, 0x36, 5, 0)),
    ("36:00.0x1", _at(0, 0x36, 0, 1), _at(0, 0x36, 0, 1)),
    ("36:0x.0", SILENT, _device()),
    ("36:00.0x", SILENT, _device()),
    ("36:00.0xg", SILENT, SILENT),
    ("36: 0.0", _device(), _device()),
    ("36:00. 1", _at(0, 0x36, 0, 1), _at(0, 0x36, 0, 1)),
    ("36:00.+1", _at(0, 0x36, 0, 1), _at(0, 0x36, 0, 1)),
    ("36:-0.0", _device(), _device()),
    ("36:-1.0", SILENT, SILENT),
    ("36:+-1.0", SILENT, SILENT),
    ("36:\v0.0", _device(), _device()),
    ("36:\u00a00.0", SILENT, SILENT),
    ("0x36:00.0", _device(), SILENT),
    ("+36:00.0", _device(), SILENT),
    (" 36:00.0", _device(), SILENT),
    ("36:00.0 ", SILENT, SILENT),
    ("36:00.0x,seize=1", SILENT, _device(seize=True)),
    ("100000036:00.0", _device(), _device()),
    ("10000000000000036:00.0", SILENT, SILENT),
    ("36:00.0@-ffffffffffffffff", _device(vslot=1), _device(vslot=1)),
    ("36:00.0@-fffffffffffffffff", SILENT, SILENT),
    ("36:00.0@ 5", _device(vslot=5), _device(vslot=5)),
    ("36:00.0@", SILENT, SILENT),
    ("36:00.0@0", _device(), _device()),
    ("36:00.0@1f", _device(vslot=0x1F), _device(vslot=0x1F)),
    ("36:00.0@100", SILENT, SILENT),
    ("36:00.0@5@6", SILENT, SILENT),
    ("36:00.0\0,x", _device(), _device()),
]
PAIRS: list[tuple[str, Answer, Answer]] = [
    ("36:00.0,", SILENT, _device()),
    ("36:00.0@5,", SILENT, _device(vslot=5)),
    ("36:00.0,seize=1,", SILENT, _device(seize=True)),
    ("36:00.0,,", SILENT, SILENT),
    ("36:00.0,,seize=1", _device(ignored=(",seize",)), TOLD),
    ("36:00.0,seize", SILENT, SILENT),
    ("36:00.0,hotplug=1", _device(ignored=("hotplug",)), TOLD),
    ("36:00.0,hotplug=1,seize", TOLD, TOLD),
    ("36:00.0,hotplug=1,", TOLD, TOLD),
    ("36:00.0,Seize=1", _device(ignored=("Seize",)), TOLD),
    ("36:00.0,seize=1,seize=0", _device(seize=False), _device(seize=False)),
    ("36:00.0,permissive=1,msitranslate=1", *2 * (_device(permissive=True, msitranslate=True),)),
    ("36:00.0,power_mgmt=0", _device(power_mgmt=False), _device(power_mgmt=False)),
    ("36:00.0,rdm_policy=strict", _device(policy=STRICT), _device(policy=STRICT)),
    ("36:00.0,rdm_policy=relaxed", _device(policy=RELAXED), _device(policy=RELAXED)),
    ("36:00.0,rdm_policy=Relaxed", TOLD, _device(policy=RELAXED)),
    ("36:00.0,rdm_policy=INvalid", TOLD, _device(policy=INVALID)),
    ("36:00.0,rdm_policy=", TOLD, FAILED),
    ("36:00.0,rdm_policy= strict", TOLD, FAILED),
    ("36:00.0,rdm_policy=x,seize", TOLD, FAILED),
    ("36:00.0,vslot=5", _device(ignored=("vslot",)), _device(vslot=5)),
    ("36:00.0@4,vslot=5", _device(vslot=4, ignored=("vslot",)), _device(vslot=5)),
    ("36:00.0,vslot=5junk", _device(ignored=("vslot",)), _device(vslot=5)),
    ("36:00.0,vslot=20", _device(ignored=("vslot",)), SILENT),
    ("36:00.0,bdf=37:00.1", _device(ignored=("bdf",)), _at(0, 0x37, 0, 1)),
    ("bdf=36:00.0", SILENT, _device()),
    ("bdf=36:00.0junk", SILENT, _device()),
    ("bdf=36:00.0@5", SILENT, _device()),
    ("bdf=36:00", SILENT, NOBODY_KNOWS),
    ("bdf= 36:00.0", SILENT, SILENT),
    ("name=disk", SILENT, _named("disk")),
    ("name=", SILENT, _named("")),
    ("name=a=b,name=c", SILENT, _named("c")),
    ("vslot=5,name=disk,rdm_policy=relaxed,", SILENT, _named("disk", vslot=5, policy=RELAXED)),
    ("name=disk,bdf=36:00.0", SILENT, SILENT),
    ("36:00.0,name=", _device(ignored=("name",)), SILENT),
    ("seize=1", SILENT, SILENT),
    ("36:00.9,seize=1", SILENT, TOLD),
]


@pytest.mark.parametrize("row", ADDRESSES + PAIRS, ids=lambda row: repr(row[0]))
def test_each_parser_reads_the_string_its_own_way(row: tuple[str, Answer, Answer]) -> None:
    assert _put(read_pci_shipped(row[0], OLD)) == row[1]
    assert _put(read_pci_shipped(row[0], NEW)) == row[2]


@pytest.mark.parametrize("key", ["rdm_policy=relaxed", "rdm_policy=strict"])
def test_s13_a_blank_after_the_comma_is_fatal_from_4_15_on_and_loses_the_policy_before(
    key: str,
) -> None:
    text = f"36:00.0, {key}"
    assert _put(read_pci_shipped(text, NEW)) == TOLD
    assert read_pci_shipped(text, OLD) == _device(ignored=(" rdm_policy",))
    assert read_pci_documented(text) == PciRefusal(8, "rdm_policy without a blank", silent=False)


def test_s14_the_manuals_own_example_of_a_slot_is_refused_from_4_15_on() -> None:
    text = "36:00.0@20,seize=1"
    assert read_pci_documented(text) == _device(vslot=0x20, seize=True)
    assert read_pci_shipped(text, OLD) == _device(vslot=0x20, seize=True)
    assert read_pci_shipped(text, NEW) == PciRefusal(
        8, "a slot, hexadecimal and up to 1f", silent=True
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("36:00.*", _device(all_functions=True)),
        ("36:00.*@5", _device(all_functions=True, vslot=5)),
        ("bdf=36:00.*junk", _device(all_functions=True)),
        ("36:00.1,bdf=36:00.*", _device(all_functions=True)),
        ("36:00.*,bdf=36:00.3", _at(0, 0x36, 0, 3)),
        ("36:00.**", SILENT),
        ("36:00. *", SILENT),
    ],
)
def test_s16_a_star_is_function_0_of_all_from_4_15_on(text: str, read: Answer) -> None:
    assert _put(read_pci_shipped(text, NEW)) == read


@pytest.mark.parametrize(
    ("aborts", "words"),
    [(True, "abort"), (False, "never wrote"), (None, "abort"), (None, "point release")],
)
def test_s16_a_star_aborts_xl_or_leaves_the_function_unwritten_up_to_4_14(
    aborts: bool | None,  # noqa: FBT001 - the column of a table
    words: str,
) -> None:
    era = Era(pci_strictly=False, star_aborts=aborts)
    for text in ("36:00.*", "0:36:00.*@5,seize=1", "36:ff.*"):
        read = read_pci_shipped(text, era)
        assert isinstance(read, PciUndefined)
        assert words in read.why
        assert text[read.position] == "*"
        assert ("abort" in read.why) == (aborts is not False)
    assert _put(read_pci_shipped("36:00.*,seize", era)) == SILENT


def test_a_device_that_cannot_exist_is_named_as_such_up_to_4_14() -> None:
    assert read_pci_shipped("0:36:ff.0", OLD) == PciUndefined(
        5, "no such device: 0xff is above 0x1f"
    )
    assert _put(read_pci_shipped("36:ff.0,rdm_policy=x", OLD)) == TOLD


@pytest.mark.parametrize("era", [OLD, NEW], ids=["old", "new"])
@pytest.mark.parametrize(
    ("value", "read"),
    [
        *[(word, False) for word in ("yes", "true", "on", "", "x1", "0", "-0", "+-2", "0x1")],
        *[(word, True) for word in ("1", "2", "-1", "01", "1x", " \v+2", "8" * 5000)],
        ("4294967296", False),
        ("9223372036854775807", True),
        ("-9223372036854775808", False),
        ("-99999999999999999999", False),
    ],
)
def test_s28_a_flag_is_what_atoi_makes_of_it_and_a_word_is_false(
    value: str,
    read: bool,  # noqa: FBT001 - the column of a table
    era: Era,
) -> None:
    assert read_pci_shipped(f"36:00.0,permissive={value}", era) == _device(permissive=read)


@pytest.mark.parametrize("word", ["yes", "true", "2", "-1", "01", ""])
def test_s28_the_documented_reader_refuses_a_word_and_says_what_xl_makes_of_words(
    word: str,
) -> None:
    assert read_pci_documented(f"36:00.0,permissive={word}") == PciRefusal(
        19, "0 or 1: xl takes every word for 0", silent=False
    )


SLOT, DEVICE = "a slot, hexadecimal and up to ff", "a device, hexadecimal and up to 1f"
FUNCTION = "a function, hexadecimal and up to 7 or *"
ADDRESS = "an address like 36:00.0 or 0000:36:00.0"
KEYS = "one of bdf, vslot, name, rdm_policy, msitranslate, power_mgmt, permissive, seize"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("36:00.0", _device()),
        ("AbCd:36:1F.7", _at(0xABCD, 0x36, 0x1F, 7)),
        ("36:0.*@5", _device(all_functions=True, vslot=5)),
        ("36:00.0,vslot=20,seize=1", _device(vslot=0x20, seize=True)),
        ("seize=1,bdf=36:00.0,vslot=20", _device(vslot=0x20, seize=True)),
        ("name=disk,rdm_policy=relaxed", _named("disk", policy=RELAXED)),
        ("36:00.0,msitranslate=0,power_mgmt=1", _device(msitranslate=False, power_mgmt=True)),
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


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("36:00.8", 6, FUNCTION),
        ("36:00.8,seize=1", 6, FUNCTION),
        ("36:00.0,vslot=40", 14, "a slot, hexadecimal and up to 1f"),
        ("36:00.0,seize", 8, "key=value"),
        ("nonsense", 0, "key=value"),
        ("36:00.0junk", 7, "@, a comma or the end"),
        ("36:00.0@5junk", 9, "a comma or the end"),
    ],
)
def test_a_shipped_refusal_points_at_what_is_wrong(text: str, position: int, expected: str) -> None:
    read = read_pci_shipped(text, NEW)
    assert isinstance(read, PciRefusal)
    assert (read.position, read.expected) == (position, expected)


@pytest.mark.parametrize(
    ("text", "position"), [("36:00.8", 6), ("0:36:100.0", 5), ("36:0.0@x", 7), ("36", 0)]
)
def test_an_old_refusal_points_at_what_is_wrong(text: str, position: int) -> None:
    read = read_pci_shipped(text, OLD)
    assert isinstance(read, PciRefusal)
    assert read.position == position


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
@example(_named("a=b", vslot=5))
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
        _device(policy=INVALID),
        _device(ignored=("hotplug",)),
        _at(0x10000, 0x36, 0, 0),
        _named(""),
        _named("a,seize=1"),
        _named("a b"),
    ],
)
def test_what_the_manual_has_no_words_for_is_not_written(pci: PciText) -> None:
    with pytest.raises(ValueError, match="does not say all of"):
        write_pci(pci)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sbdf": None, "name": None}, "either an address or a name"),
        ({"sbdf": SBDF(0, 0, 0, 0), "name": "disk"}, "either an address or a name"),
        ({"sbdf": SBDF(0, 0, 0, 1), "name": None, "all_functions": True}, "of function 0"),
        ({"sbdf": None, "name": "disk", "all_functions": True}, "of function 0"),
        ({"sbdf": None, "name": "disk", "vslot": 0x100}, "slot 0x100"),
    ],
)
def test_a_device_that_no_parser_gives_cannot_be_made(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PciText(**settings)


_DIGITS = ("0", "00", "1", "5", "1f", "1F", "36", "ff", "0x3", "00007", "+2", " 4", "-0", "0x")
_ODD = ("20", "100", "10000", "-1", "", "100000001", "-ffffffffffffffff", "f" * 17)
_KEYS = ("msitranslate", "power_mgmt", "permissive", "seize")
_VALUES = ("0", "1", "2", "-1", "yes", "", " 1", "+3x", "4294967296", "9" * 20, f"-{'9' * 20}")
_POLICIES = ("strict", "relaxed", "STRICT", "Relaxed", "invalid", "bogus", "", " strict")


def _number(draw: random.Random) -> str:
    return draw.choice(_DIGITS if draw.random() < 0.98 else _ODD)


def _address(draw: random.Random) -> str:
    segment = draw.choice(("", "", "0:", "0001:", "ffff:", "10000:" if draw.random() < 0.2 else ""))
    bus = draw.choice(("0", "36", "ff", "00036", "100000036"))
    function = draw.choice(
        ("0", "7", "*", "*", "01", " 1", "+3", "0x2", "8")[: draw.choice((4, 9))]
    )
    return f"{segment}{bus}:{_number(draw)}.{function}"


def _pair(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.55:
        return f"{draw.choice(_KEYS)}={draw.choice(_VALUES)}"
    if kind < 0.75:
        return f"rdm_policy={draw.choice(_POLICIES[: draw.choice((4, 8))])}"
    if kind < 0.85:
        return f"vslot={_number(draw)}"
    if kind < 0.92:
        return f"bdf={_address(draw)}{draw.choice(('', '', 'junk', '@5'))}"
    return draw.choice(("seize", "", "hotplug=1", " seize=1", "Seize=1", "seize==1", "name=x"))


def _string(draw: random.Random) -> str:
    """Draw what the grammar has, or has but for one character."""
    start = draw.random()
    if start < 0.8:
        items = [_address(draw) + (f"@{_number(draw)}" if draw.random() < 0.3 else "")]
    elif start < 0.9:
        items = [f"name={draw.choice(('disk', '', 'a=b', 'ä b'))}"]
    else:
        items = []
    items += [_pair(draw) for _ in range(draw.choice((0, 0, 1, 1, 2, 3)))]
    if start > 0.8:
        draw.shuffle(items)
    text = ",".join(items) + ("," if draw.random() < 0.05 else "")
    if draw.random() < 0.15:
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice("=,:.@*+- \t0x7afgZé") + text[at + draw.randrange(2) :]
    return text


def _expected(pci: PciText) -> dict[str, int | str | None]:
    """Say what the library's structure then holds, over sentinels."""
    flags = {key: getattr(pci, key) for key in _KEYS}
    return {
        "func": pci.sbdf.function if pci.sbdf else SENTINEL_BYTE,
        "dev": pci.sbdf.device if pci.sbdf else SENTINEL_BYTE,
        "bus": pci.sbdf.bus if pci.sbdf else SENTINEL_BYTE,
        "domain": pci.sbdf.segment if pci.sbdf else SENTINEL,
        "vdevfn": pci.vslot << 3,
        "vfunc_mask": (0xFFFFFFFF if pci.all_functions else 1) if pci.sbdf else SENTINEL,
        "rdm_policy": {None: SENTINEL, STRICT: 0, RELAXED: 1, INVALID: -1}[pci.policy],
        "name": pci.name,
        **{key: SENTINEL_BYTE if flag is None else int(flag) for key, flag in flags.items()},
    }


def test_libxlutil_itself_reads_100000_strings_as_4_15_does() -> None:
    library = LibxlutilPci()
    draw = random.Random(20201208)  # noqa: S311 - the same strings each time
    outcomes: Counter[type] = Counter()
    settings: Counter[str] = Counter()
    for _ in range(100_000):
        text = _string(draw)
        read = read_pci_shipped(text, NEW)
        outcomes[type(read)] += 1
        if isinstance(read, PciUndefined):  # it might crash on those
            continue
        code, found, printed = library.pci(text)
        if isinstance(read, PciText):
            assert (code, found) == (0, _expected(read)), text
            settings.update(f.name for f in fields(read) if getattr(read, f.name) != f.default)
        else:
            assert code == -read.exit_status, text
            assert printed != read.silent, text
    assert outcomes[PciText] >= 30_000
    assert outcomes[PciUndefined] <= 1_000
    assert all(settings[f.name] > 500 for f in fields(PciText) if f.name != "ignored")
