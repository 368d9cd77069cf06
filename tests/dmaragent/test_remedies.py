"""What helps a guest: tried, minimal, quoted, and nothing where nothing does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmaragent.addresses import GIB, MIB, SBDF, AddressRange
from dmaragent.guests.config import GuestConfig, PciEntry
from dmaragent.guests.xl_guest import guest_from_xl
from dmaragent.guests.xlcfg import XlConfig, read_xl_config
from dmaragent.policy.decisions import Harm, ResidualRisk, Verdict, residual_risk
from dmaragent.policy.resolver import resolve
from dmaragent.policy.settings import Toolstack
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.guests.trial import GuestRemedies
from dmaragent.remedies.remedy import Cost, GuestRemedy, HotplugRemedy, RemedyKind, ranked
from dmaragent.remedies.xlcfg_lines import pci_lines, quote
from support.guests import DEVICE_A, A, answer, facts, function, guest, region, stack
from support.wording import Worded

LOW = region(0x7DFFD000, 0x3000)
LOW_HOST = facts({DEVICE_A: [LOW]})


def _kinds(helps: GuestRemedies) -> list[RemedyKind]:
    return [one.kind for one in helps.ranked]


def _lines(helps: GuestRemedies, kind: RemedyKind) -> tuple[str, ...]:
    return next(one.lines for one in helps.ranked if one.kind is kind)


def test_a_conflict_below_the_boundary_has_three_remedies_the_safest_first() -> None:
    helps = guest_remedies(answer(guest("00:14.0"), LOW_HOST))

    assert _kinds(helps) == [RemedyKind.BOUNDARY, RemedyKind.MEMORY, RemedyKind.POLICY]
    assert _lines(helps, RemedyKind.BOUNDARY) == ("rdm_mem_boundary = 2015",)
    assert _lines(helps, RemedyKind.MEMORY) == ("memory = 2023",)
    assert _lines(helps, RemedyKind.POLICY) == ('pci = [ "00:14.0,rdm_policy=relaxed" ]',)


def test_the_boundary_is_the_highest_that_helps_and_the_memory_the_most() -> None:
    for boundary, verdict in ((2015, Verdict.STARTS), (2016, Verdict.REFUSED)):
        found = answer(guest("00:14.0", rdm_mem_boundary=boundary), LOW_HOST)
        assert found.verdict is verdict
    for memory, verdict in ((2023, Verdict.STARTS), (2024, Verdict.REFUSED)):
        assert answer(guest("00:14.0", memory=memory), LOW_HOST).verdict is verdict


def test_a_region_above_four_gibibytes_has_the_most_memory_and_no_boundary() -> None:
    host = facts({DEVICE_A: [region(6 * GIB)]})
    helps = guest_remedies(answer(guest("00:14.0", memory=8192), host))

    assert _kinds(helps) == [RemedyKind.MEMORY, RemedyKind.POLICY]
    assert _lines(helps, RemedyKind.MEMORY) == (f"memory = {3840 + 2048 + 8}",)


def test_a_shared_region_is_helped_by_nothing_but_relaxed(worded: Worded) -> None:
    helps = guest_remedies(answer(guest("00:14.0"), facts(shared={DEVICE_A: [A]})))

    assert _kinds(helps) == [RemedyKind.POLICY]
    worded(helps.ranked[0].effect)


def test_only_the_device_that_is_in_the_way_is_made_relaxed() -> None:
    helps = guest_remedies(answer(guest("00:02.0", "00:14.0"), facts(shared={DEVICE_A: [A]})))

    assert helps.ranked[0].lines == ('pci = [ "00:02.0", "00:14.0,rdm_policy=relaxed" ]',)


def test_a_virtual_function_without_a_region_stands_in_for_the_physical_one() -> None:
    virtual = SBDF(0, 0, 0x14, 1)
    functions = {DEVICE_A: function(DEVICE_A), virtual: function(virtual, DEVICE_A)}
    host = facts({DEVICE_A: [A]}, shared={DEVICE_A: [A]}, functions=functions)
    helps = guest_remedies(answer(guest("00:14.0"), host))

    assert _kinds(helps) == [RemedyKind.VIRTUAL_FUNCTION, RemedyKind.POLICY]
    assert helps.ranked[0].lines == ('pci = [ "00:14.1" ]',)


def test_a_blank_in_pci_is_taken_out() -> None:
    helps = guest_remedies(answer(guest("00:14.0, rdm_policy=strict")))

    assert helps.ranked[0].kind is RemedyKind.SPELLING
    assert helps.ranked[0].lines == ('pci = [ "00:14.0,rdm_policy=strict" ]',)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"maxmem": 4096}, "maxmem = 2800"),
        ({"videoram": 4}, "videoram = 8"),
        ({"passthrough": "disabled"}, 'passthrough = "enabled"'),
        ({"type": "pvh"}, 'type = "hvm"'),
    ],
)
def test_another_setting_that_stands_in_the_way_is_named(
    settings: dict[str, object], line: str
) -> None:
    helps = guest_remedies(answer(guest("00:14.0", **settings)))  # type: ignore[arg-type]

    assert helps.ranked[0].lines == (line,)


def test_an_undefined_policy_is_said_and_with_the_boundary_that_helps() -> None:
    one = guest("00:14.0", rdm="strategy=host")
    helps = guest_remedies(answer(one, LOW_HOST))

    assert helps.ranked[0].lines == (
        'pci = [ "00:14.0,rdm_policy=strict" ]',
        "rdm_mem_boundary = 2015",
    )
    clear = guest_remedies(answer(one))
    assert clear.ranked[0].lines == ('pci = [ "00:14.0,rdm_policy=strict" ]',)


def test_a_dropped_rdm_has_a_spelling_that_the_release_takes() -> None:
    text = "strategy=host,policy=relaxed"
    new = guest_remedies(answer(guest("00:14.0", rdm=text))).spelling
    old = guest_remedies(answer(guest(rdm="strategy=host"), release="4.12")).spelling
    blank = guest_remedies(
        answer(guest(rdm="strategy=host, policy=strict"), release="4.14.6")
    ).spelling
    policy = guest_remedies(answer(guest("00:14.0", rdm="policy=relaxed"))).spelling

    assert new is not None
    assert new.lines == ('rdm = "strategy=host"', 'pci = [ "00:14.0,rdm_policy=relaxed" ]')
    assert old is not None
    assert old.lines == ('rdm = "strategy=host,policy=relaxed"',)
    assert blank is not None
    assert blank.lines == ('rdm = "strategy=host,policy=strict"',)
    assert policy is not None
    assert policy.lines == ('pci = [ "00:14.0,rdm_policy=relaxed" ]',)


def test_nothing_is_offered_where_nothing_is_wrong() -> None:
    assert guest_remedies(answer(guest("00:14.0"))) == GuestRemedies((), "", None)


@pytest.mark.parametrize(
    "host",
    [
        facts(iommu_off="VT-d is off"),
        facts(functions={}),
        facts(incomplete="damaged", next_step="read it as root"),
        facts({DEVICE_A: [region(0xFC200000)]}),
    ],
    ids=["iommu", "absent", "incomplete", "hvmloader"],
)
def test_where_nothing_helps_that_is_said(host: object, worded: Worded) -> None:
    helps = guest_remedies(answer(guest("00:14.0"), host))  # type: ignore[arg-type]

    assert helps.ranked == ()
    worded(helps.why_none)


def test_xapi_is_not_advised() -> None:
    helps = guest_remedies(answer(guest("00:14.0"), LOW_HOST, toolstack=Toolstack.XAPI))

    assert helps.ranked == ()
    assert "not modelled" in helps.why_none


def test_libvirt_is_offered_only_what_it_can_set() -> None:
    helps = guest_remedies(answer(guest("00:14.0"), LOW_HOST, toolstack=Toolstack.LIBVIRT))

    assert [(one.kind, one.lines) for one in helps.ranked] == [
        (RemedyKind.MEMORY, ("memory: 2023 MiB",))
    ]


def test_qubes_is_offered_its_own_option(worded: Worded) -> None:
    shared = facts(shared={DEVICE_A: [A]})
    helps = guest_remedies(answer(guest("00:14.0"), shared, toolstack=Toolstack.QUBES))

    worded(helps.ranked[0].lines, "0000:00:14.0")


@given(text=st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=20))
def test_quoted_text_is_read_back_by_xl_as_it_was(text: str) -> None:
    config = read_xl_config(f"a = {quote(text)}\n{chr(10).join(pci_lines([text]))}\n")

    assert isinstance(config, XlConfig)
    assert config.text("a") == text
    assert [item.value for item in config.items("pci") or ()] == [text]


def _apply(one: GuestConfig, lines: tuple[str, ...]) -> GuestConfig:
    """Put offered lines after the guest's own settings, as a user would."""
    texts = ['name = "a"', f'type = "{one.type.value}"', f"memory = {one.most_memory // MIB}"]
    texts += [] if one.boundary is None else [f"rdm_mem_boundary = {one.boundary // MIB}"]
    texts += [] if one.rdm is None else [f"rdm = {quote(one.rdm)}"]
    texts += list(pci_lines([each.text for each in one.pci]))
    config = read_xl_config("\n".join([*texts, *lines, ""]))
    assert isinstance(config, XlConfig)
    return guest_from_xl(config, "a.cfg")


_REGIONS = st.lists(
    st.builds(
        lambda start, pages: AddressRange(start << 12, (start + pages) << 12),
        st.integers(1, 0x120000),
        st.integers(1, 0x800),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.start,
)


@given(
    regions=_REGIONS,
    memory=st.integers(64, 6000),
    rdm=st.sampled_from([None, "strategy=host", "strategy=host,policy=strict"]),
    release=st.sampled_from(["4.12", "4.14.6", "4.16", "4.22"]),
)
def test_every_remedy_helps_when_its_lines_are_put_into_the_file(
    regions: list[AddressRange], memory: int, rdm: str | None, release: str
) -> None:
    devices = {SBDF(0, 0, n, 0): [each] for n, each in enumerate(regions)}
    host = facts(devices, shared={SBDF(0, 0, 0, 0): [regions[0]]})
    settings = {} if rdm is None else {"rdm": rdm}
    one = guest(*map(str, devices), memory=memory, **settings)
    before = answer(one, host, release)

    found = guest_remedies(before).ranked
    assert list(found) == sorted(found, key=lambda one: one.rank)
    for each in found:
        if each.kind is RemedyKind.STRATEGY:
            changed = replace(one, rdm=None)
        else:
            changed = _apply(one, each.lines)
        after = resolve(changed, host, stack(release))
        assert after.verdict is each.verdict, each
        if each.verdict is Verdict.STARTS:  # else it is a first step, and says so
            assert residual_risk(after.reasons) == (each.harm, each.warnings)


def test_of_fixes_with_one_cost_and_one_harm_the_fewest_warnings_come_first() -> None:
    first, second, third = (
        GuestRemedy(
            kind=kind,
            lines=(f"rdm_mem_boundary = {number}",),
            action="",
            verdict=Verdict.STARTS,
            warnings=number,
            harm=harm,
        )
        for kind, number, harm in (
            (RemedyKind.BOUNDARY, 1, Harm.NONE),
            (RemedyKind.SETTING, 2, Harm.NONE),
            (RemedyKind.BOUNDARY, 0, Harm.CORRUPTION),
        )
    )

    assert ranked([third, second, first]) == (first, second, third)


def test_entries_that_cannot_be_written_are_left_as_they_stand() -> None:
    one = guest("name=a b,rdm_policy=strict")
    named = replace(LOW_HOST, names={"a b": DEVICE_A})
    helps = guest_remedies(answer(one, named))

    assert all("name=a b" in line for each in helps.ranked for line in each.lines if "pci" in line)
    assert isinstance(one.pci[0], PciEntry)


def test_fixes_of_hotplug_are_in_the_order_of_harm_cost_and_warnings() -> None:
    expected = [
        HotplugRemedy(effect="", left=ResidualRisk(harm, warnings), cost=cost)
        for harm, cost, warnings in (
            (Harm.NONE, Cost.RESTART, 1),
            (Harm.NONE, Cost.RESTART, 2),
            (Harm.NONE, Cost.POLICY, 0),
            (Harm.CORRUPTION, Cost.NOTHING, 0),
        )
    ]

    assert list(ranked(reversed(expected))) == expected


def test_the_cost_of_a_relaxed_policy_is_its_own_and_that_of_the_change() -> None:
    alone, with_loss = (
        GuestRemedy(
            kind=RemedyKind.POLICY, action="", verdict=Verdict.STARTS, lost=lost, lines=("x = 1",)
        ).cost
        for lost in ("", "512 MiB less memory")
    )

    assert alone
    assert alone in with_loss
    assert "512 MiB less memory" in with_loss


def test_a_setting_of_several_lines_is_only_named_in_short() -> None:
    lines = ('pci = [ "00:14.0",', '        "00:02.0" ]', "rdm_mem_boundary = 2015")

    fix = GuestRemedy(kind=RemedyKind.POLICY, action="", verdict=Verdict.STARTS, lines=lines)

    assert fix.brief == "pci as below; rdm_mem_boundary = 2015"


def test_each_entry_is_in_the_lines_once() -> None:
    texts = [f"0000:00:{number:02x}.0,rdm_policy=relaxed" for number in range(4)]

    assert [sum(text in line for line in pci_lines(texts)) for text in texts] == [1, 1, 1, 1]
    assert len(pci_lines(texts)) == 4
    assert len(pci_lines([texts[0] + ",power_mgmt=1,permissive=1,seize=1,msitranslate=1"])) == 1


def test_less_memory_is_also_less_maxmem_if_the_guest_has_one() -> None:
    one = guest("00:14.0", maxmem=2800)

    helps = guest_remedies(answer(one, LOW_HOST))

    assert _lines(helps, RemedyKind.MEMORY) == ("memory = 2023", "maxmem = 2023")
