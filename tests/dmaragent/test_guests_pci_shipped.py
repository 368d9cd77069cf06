"""An item of pci=: the tables of both parsers of libxlutil, and where each refuses."""

import pytest

from dmaragent.guests.pci import read_pci_documented, read_pci_shipped
from dmaragent.guests.pci_text import PciRefusal, PciText, PciUndefined, PolicyWord
from support.pci_texts import FUNCTION, NEW, OLD, Era, at, device, named

STRICT, RELAXED, INVALID = PolicyWord.STRICT, PolicyWord.RELAXED, PolicyWord.INVALID
SILENT, TOLD, FAILED = "silent, 6", "told, 6", "told, 3"
NOBODY_KNOWS = "undefined"
Answer = PciText | str


def _put(read: PciText | PciRefusal | PciUndefined) -> Answer:
    if isinstance(read, PciText):
        return read
    if isinstance(read, PciUndefined):
        return NOBODY_KNOWS
    return f"{'silent' if read.silent else 'told'}, {read.exit_status}"


ADDRESSES: list[tuple[str, Answer, Answer]] = [  # as up to 4.14, as from 4.15 on
    ("36:00.0", device(), device()),
    ("0001:36:1f.7", at(1, 0x36, 0x1F, 7), at(1, 0x36, 0x1F, 7)),
    ("ffff:ff:1f.7", at(0xFFFF, 0xFF, 0x1F, 7), at(0xFFFF, 0xFF, 0x1F, 7)),
    ("10000:36:00.0", SILENT, SILENT),
    ("100:00.0", SILENT, SILENT),
    ("1:100:00.0", SILENT, SILENT),
    ("36:20.0", NOBODY_KNOWS, SILENT),
    ("36:100.0", SILENT, SILENT),
    ("36:00.8", SILENT, SILENT),
    ("36:00.", SILENT, SILENT),
    ("zz:00.*", SILENT, SILENT),
    ("36:100.*", SILENT, SILENT),
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
    ("36:00: 1.0", at(0x36, 0, 1, 0), at(0x36, 0, 1, 0)),
    ("36:00.0@x", SILENT, SILENT),
    ("36:00.0=1", SILENT, SILENT),
    ("000036:00.07", at(0, 0x36, 0, 7), at(0, 0x36, 0, 7)),
    ("36:0x0.0", device(), device()),
    ("36:0X5.0", at(0, 0x36, 5, 0), at(0, 0x36, 5, 0)),
    ("36:00.0x1", at(0, 0x36, 0, 1), at(0, 0x36, 0, 1)),
    ("36:0x.0", SILENT, device()),
    ("36:00.0x", SILENT, device()),
    ("36:00.0xg", SILENT, SILENT),
    ("36: 0.0", device(), device()),
    ("36:00. 1", at(0, 0x36, 0, 1), at(0, 0x36, 0, 1)),
    ("36:00.+1", at(0, 0x36, 0, 1), at(0, 0x36, 0, 1)),
    ("36:-0.0", device(), device()),
    ("36:-1.0", SILENT, SILENT),
    ("36:+-1.0", SILENT, SILENT),
    ("36:\v0.0", device(), device()),
    ("36:\u00a00.0", SILENT, SILENT),
    ("0x36:00.0", device(), SILENT),
    ("+36:00.0", device(), SILENT),
    (" 36:00.0", device(), SILENT),
    ("36:00.0 ", SILENT, SILENT),
    ("36:00.0x,seize=1", SILENT, device(seize=True)),
    ("100000036:00.0", device(), device()),
    ("10000000000000036:00.0", SILENT, SILENT),
    ("36:00.0@-ffffffffffffffff", device(vslot=1), device(vslot=1)),
    ("36:00.0@-fffffffffffffffff", SILENT, SILENT),
    ("36:00.0@ 5", device(vslot=5), device(vslot=5)),
    ("36:00.0@", SILENT, SILENT),
    ("36:00.0@0", device(), device()),
    ("36:00.0@1f", device(vslot=0x1F), device(vslot=0x1F)),
    ("36:00.0@100", SILENT, SILENT),
    ("36:00.0@5@6", SILENT, SILENT),
    ("36:00.0\0,x", device(), device()),
]
PAIRS: list[tuple[str, Answer, Answer]] = [
    ("36:00.0,", SILENT, device()),
    ("36:00.0@5,", SILENT, device(vslot=5)),
    ("36:00.0,seize=1,", SILENT, device(seize=True)),
    ("36:00.0,,", SILENT, SILENT),
    ("36:00.0,,seize=1", device(ignored=(",seize",)), TOLD),
    ("36:00.0,seize", SILENT, SILENT),
    ("36:00.0,hotplug=1", device(ignored=("hotplug",)), TOLD),
    ("36:00.0,hotplug=1,seize", TOLD, TOLD),
    ("36:00.0,hotplug=1,", TOLD, TOLD),
    ("36:00.0,Seize=1", device(ignored=("Seize",)), TOLD),
    ("36:00.0,seize=1,seize=0", device(seize=False), device(seize=False)),
    ("36:00.0,permissive=1,msitranslate=1", *2 * (device(permissive=True, msitranslate=True),)),
    ("36:00.0,power_mgmt=0", device(power_mgmt=False), device(power_mgmt=False)),
    ("36:00.0,rdm_policy=strict", device(policy=STRICT), device(policy=STRICT)),
    ("36:00.0,rdm_policy=relaxed", device(policy=RELAXED), device(policy=RELAXED)),
    ("36:00.0,rdm_policy=Relaxed", TOLD, device(policy=RELAXED)),
    ("36:00.0,rdm_policy=INvalid", TOLD, device(policy=INVALID)),
    ("36:00.0,rdm_policy=", TOLD, FAILED),
    ("36:00.0,rdm_policy= strict", TOLD, FAILED),
    ("36:00.0,rdm_policy=x,seize", TOLD, FAILED),
    ("36:00.0,vslot=5", device(ignored=("vslot",)), device(vslot=5)),
    ("36:00.0@4,vslot=5", device(vslot=4, ignored=("vslot",)), device(vslot=5)),
    ("36:00.0,vslot=5junk", device(ignored=("vslot",)), device(vslot=5)),
    ("36:00.0,vslot=20", device(ignored=("vslot",)), SILENT),
    ("36:00.0,bdf=37:00.1", device(ignored=("bdf",)), at(0, 0x37, 0, 1)),
    ("bdf=36:00.0", SILENT, device()),
    ("bdf=36:00.0junk", SILENT, device()),
    ("bdf=36:00.0@5", SILENT, device()),
    ("bdf=36:00", SILENT, NOBODY_KNOWS),
    ("bdf= 36:00.0", SILENT, SILENT),
    ("name=disk", SILENT, named("disk")),
    ("name=", SILENT, named("")),
    ("name=a=b,name=c", SILENT, named("c")),
    ("vslot=5,name=disk,rdm_policy=relaxed,", SILENT, named("disk", vslot=5, policy=RELAXED)),
    ("name=disk,bdf=36:00.0", SILENT, SILENT),
    ("36:00.0,name=", device(ignored=("name",)), SILENT),
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
    assert read_pci_shipped(text, OLD) == device(ignored=(" rdm_policy",))
    assert read_pci_documented(text) == PciRefusal(8, "rdm_policy without a blank", silent=False)


def test_s14_the_manuals_own_example_of_a_slot_is_refused_from_4_15_on() -> None:
    text = "36:00.0@20,seize=1"
    assert read_pci_documented(text) == device(vslot=0x20, seize=True)
    assert read_pci_shipped(text, OLD) == device(vslot=0x20, seize=True)
    assert read_pci_shipped(text, NEW) == PciRefusal(
        8, "a slot, hexadecimal and up to 1f", silent=True
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("36:00.*", device(all_functions=True)),
        ("36:00.*@5", device(all_functions=True, vslot=5)),
        ("bdf=36:00.*junk", device(all_functions=True)),
        ("36:00.1,bdf=36:00.*", device(all_functions=True)),
        ("36:00.*,bdf=36:00.3", at(0, 0x36, 0, 3)),
        ("36:00.**", SILENT),
        ("36:00. *", SILENT),
    ],
)
def test_s16_a_star_is_function_0_of_all_from_4_15_on(text: str, read: Answer) -> None:
    assert _put(read_pci_shipped(text, NEW)) == read


@pytest.mark.parametrize(
    ("aborts", "words"),
    [(True, "abort"), (False, "uninitialized"), (None, "abort"), (None, "point release")],
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
    assert read_pci_shipped(f"36:00.0,permissive={value}", era) == device(permissive=read)


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
