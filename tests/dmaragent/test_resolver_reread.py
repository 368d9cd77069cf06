"""What an independent reading of the resolver found."""

from dataclasses import replace

from dmaragent.addresses import SBDF
from dmaragent.guests.xl_guest import guest_from_options
from dmaragent.policy.assignment import ABSENT_RULE
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.settings import Toolstack
from dmaragent.question.context import read_guests
from dmaragent.remedies.guests import guest_remedies
from support.guests import answer, facts, guest, region
from support.wording import Worded


def test_a_device_given_twice_is_refused() -> None:
    found = answer(guest("00:14.0", "0000:00:14.0"))

    assert found.verdict is Verdict.REFUSED
    assert found.reasons[0].rule == ABSENT_RULE


def test_xl_up_to_4_9_reads_builder_alone_and_up_to_4_12_no_passthrough(worded: Worded) -> None:
    (typed,) = read_guests('name = "g"\ntype = "hvm"\npci = [ "00:14.0" ]\n', "g.cfg")
    old = answer(typed, release="4.9")
    assert old.guest.type.value == "pv"
    worded(old.settings.messages[0].text)
    spelling = guest_remedies(old).spelling
    assert spelling is not None
    assert spelling.lines == ('builder = "hvm"',)
    assert answer(typed, release="4.10").guest.type.value == "hvm"
    options = guest_from_options({"type": "hvm"}, ["00:14.0"])
    assert answer(options, release="4.9").guest.type.value == "hvm"
    disabled = guest("00:14.0", passthrough="disabled")
    assert answer(disabled, release="4.12").verdict is Verdict.STARTS
    assert answer(disabled, release="4.13").verdict is Verdict.REFUSED


def test_a_negative_boundary_is_a_very_high_one() -> None:
    found = answer(guest("00:14.0", rdm_mem_boundary=-1))

    assert found.guest.boundary == (1 << 64) - (1 << 20)
    assert found.verdict is Verdict.REFUSED
    assert answer(guest(rdm_mem_boundary=-1)).verdict is Verdict.STARTS


def test_xapi_is_never_refused_by_rules_of_xl() -> None:
    one = guest("00:14.0, x=1", maxmem=4000)
    assert answer(one, toolstack=Toolstack.XAPI).verdict is Verdict.UNDECIDED


def test_what_no_region_decides_is_definite_on_a_damaged_table() -> None:
    damaged = facts(incomplete="the table is damaged")

    assert answer(guest("00:14.0", maxmem=4000), damaged).verdict is Verdict.REFUSED
    assert answer(guest("00:14.0", videoram=1), damaged).verdict is Verdict.REFUSED
    assert answer(guest("00:14.0"), damaged).verdict is Verdict.UNDECIDED
    by_region = answer(guest("00:14.0", rdm_mem_boundary=2800), damaged)
    assert by_region.verdict is Verdict.UNDECIDED  # with another table it may have no such region
    assert answer(guest("00:14.0", rdm_mem_boundary=2800)).verdict is Verdict.REFUSED


def test_a_star_takes_the_owners_in_its_slot_where_the_functions_are_not_known() -> None:
    third = SBDF(0, 0, 0x14, 3)
    host = facts({third: [region(0x60000000)]}, functions=None)
    found = answer(guest("00:14.*@5"), host)

    assert (found.verdict, found.reasons[0].device) == (Verdict.REFUSED, third)


def test_a_star_needs_no_function_0() -> None:
    third = SBDF(0, 0, 0x14, 3)
    alone = answer(guest("00:14.*@5"), facts({third: []}))
    absent = answer(guest("00:14.*@5"), facts({SBDF(0, 0, 2, 0): []}))

    assert alone.verdict is Verdict.STARTS
    assert alone.prerequisites == ("xl pci-assignable-add 0000:00:14.3",)
    assert (absent.verdict, absent.reasons[0].rule) == (Verdict.REFUSED, ABSENT_RULE)


def test_inherited_settings_count_only_where_they_are_inherited() -> None:
    host = facts(assignable=frozenset())

    one = guest("00:14.0")
    seized = replace(one, seize=True)
    assert answer(seized, host).prerequisites == ()
    assert answer(seized, host, "4.14.4").prerequisites == ("xl pci-assignable-add 0000:00:14.0",)
