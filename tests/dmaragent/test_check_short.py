"""The short form of a finding: at most six lines, with every effect, condition and warning."""

import re
from collections.abc import Callable, Iterator

import pytest

from dmaragent.checks import check
from dmaragent.checks.all_rules import RULES
from dmaragent.checks.common.model import Checked
from dmaragent.checks.vtd.rules import RULES as VTD_RULES
from dmaragent.collect.collect import collect
from dmaragent.commands.shared.hosts import take_host
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.present.text.check import check_text, short_finding
from dmaragent.present.words.findings import by_effect, by_rule
from support import checked_ivrs, checked_units, ivrs_inventories
from support.checked import CASES, GONE, OTHER_USB, USB, findings, host, host_of, taken
from support.damaged import CASES as DAMAGED
from support.machines import MACHINES, NAMES
from support.releases import Numbers
from support.tables import rmrr, scope

LONGEST = 6
AMD_RELEASES = (None, "4.15.1", "4.17.3", "4.18", "4.19.0", "4.22.0")
RELEASES: tuple[Numbers, ...] = (None, (4, 11), (4, 17), (4, 20), (4, 20, 1), (4, 22))


def hosts() -> dict[str, Callable[[], Iterator[Inventory]]]:
    """Return what makes the inventories of each host that trips a rule, by rule."""

    def of(name: str) -> Callable[[], Iterator[Inventory]]:
        return lambda: (taken(CASES[name][0](), release) for release in RELEASES)

    def unit(name: str) -> Callable[[], Iterator[Inventory]]:
        return lambda: iter([checked_units.CASES[name].trips()])

    def amd(name: str) -> Callable[[], Iterator[Inventory]]:
        made = checked_ivrs.CASES[name].trips()
        if not made.decoded:
            return lambda: iter([made])
        return lambda: (ivrs_inventories.taken(made.host, release) for release in AMD_RELEASES)

    return {
        **{name: amd(name) for name in checked_ivrs.CASES},
        **{name: of(name) for name in CASES},
        **{name: unit(name) for name in checked_units.CASES},
    }


HOSTS = hosts()


def assert_short(checked: Checked) -> None:
    """Assert that each finding is short and whole, and that no case is lost."""
    for group in by_rule(checked):
        shown = 0
        for case in (one for one in by_effect(checked) if one[0] in group):
            lines = list(short_finding(case))
            assert len(lines) <= LONGEST, "\n".join(lines)
            assert max(map(len, lines)) <= 80
            text = " ".join(" ".join(lines).split())
            for whole in (case[0].xen, case[0].linux, case[0].advice):
                assert " ".join(whole.split()) in text
            more = re.search(r" (\d+) more[.:]", text)
            shown += 1 + (int(more[1]) if more else 0)
        assert shown == len(group)


@pytest.mark.parametrize("name", HOSTS)
def test_a_finding_fills_at_most_six_lines(name: str) -> None:
    for inventory in HOSTS[name]():
        assert_short(check(inventory))


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_machines_findings_are_short(name: str) -> None:
    _, inventory = take_host(str(MACHINES / name))

    assert_short(check(inventory))


@pytest.mark.parametrize("name", DAMAGED)
def test_the_findings_of_a_damaged_table_are_short(name: str) -> None:
    made = host_of(DAMAGED[name].data, None)

    assert_short(check(take_inventory(join(collect(made)))))


def test_findings_with_long_lists_are_short() -> None:
    many = [scope(1, 0, (number, function)) for number in range(16, 28) for function in range(8)]
    regions = [
        rmrr(0x7B000000 + n * 0x2000, 0x7B000FFF + n * 0x2000, *(many if n % 3 else many[:2]))
        for n in range(40)
    ]

    assert_short(findings(host(*regions, rmrr(0x7B100000, 0x7B1FFFFF, USB, OTHER_USB, GONE))))


KEPT = {
    "ivmd-at-zero": ("RAM", "EIO"),
    "ivmd-below-1mib": ("overwrites guest memory", "rdm_policy=relaxed"),
    "ivmd-in-ram": ("overwrites it", "EIO"),
    "ivmd-no-iommu": ("4.18.4", "ENODEV"),
    "ivmd-range-wide": ("No option", "pre-boot DMA protection"),
    "ivmd-unlisted": ("Unknown", "overwrites its memory"),
    "ivrs-zero-length-block": ("does not boot", "amd_iommu=off"),
    "ivhd-no-device": ("If Xen finds no IOMMU",),
    "address-width-too-small": ("if the field is 0",),
    "device-without-unit": ("its DMA is not checked",),
    "dma-fault-logged": ("lose data",),
    "no-include-all": ("while every device has a unit", "may have none"),
    "no-interrupt-remapping": ("any interrupt on the host", "only if you trust"),
    "rmrr-absent-shares": ("EPERM", "may then overlap", "dmaragent resolve"),
    "rmrr-below-1mib": ("overwrites guest memory", "rdm_policy=relaxed"),
    "rmrr-bridge": ("fails", "only if"),
    "rmrr-in-ram": ("overwrites memory", "memmap=", "EIO"),
    "rmrr-large": ("rdm_mem_boundary", "2048 MiB"),
    "rmrr-scope-twice": ("may then overlap", "dmaragent resolve"),
    "rmrr-shared": ("only for devices the host can lose", "dmaragent resolve", "EPERM"),
    "rmrr-unlisted": ("Unknown", "overwrites its memory"),
    "scope-past-structure": ("unknown",),
    "scope-type-mismatch": ("without VT-d",),
    "structure-past-end": ("unknown",),
    "table-length": ("unknown",),
    "unit-beyond-width": ("If no such address exists",),
    "unit-in-ram": ("Unknown",),
    "unit-repeated": ("Unknown",),
    "unit-unaligned": ("Unknown",),
    "units-overlap": ("Unknown", "before 6.3"),
}
"""By rule: warnings, conditions and unknowns that its short form must keep."""


@pytest.mark.parametrize("name", KEPT)
def test_warnings_conditions_and_unknowns_are_kept(name: str) -> None:
    checked = check(next(HOSTS[name]()))
    (case, *_) = [one for one in by_effect(checked) if one[0].rule.id == name]
    text = " ".join(" ".join(short_finding(case)).split())

    for fact in KEPT[name]:
        assert fact.lower() in text.lower()


def test_every_severe_effect_names_its_errno_or_what_is_unknown() -> None:
    for rule in RULES:
        if "VT-d off" in rule.xen or "AMD-Vi off" in rule.xen:
            assert re.search(r"\bE[A-Z]{2,}\b", rule.xen), rule.id


def test_the_end_counts_findings_and_checks_and_names_the_command() -> None:
    made = CASES["rmrr-bridge"][0]()
    made.directories.pop("/sys/firmware/memmap")
    lines = list(check_text(findings(made), "Table T", "dmaragent check --details"))

    assert lines[-1] == "  dmaragent check --details"
    end = " ".join(" ".join(lines).split())
    numbers = re.search(r"\((\d+) of (\d+) checks ran\)", end)
    assert numbers is not None
    assert int(numbers[2]) == len(VTD_RULES) > int(numbers[1])
    assert "Skipped: 3 checks need the memory map" in end


def test_a_host_without_findings_has_its_counts_in_the_first_line() -> None:
    (line, *_) = check_text(findings(CASES["rmrr-in-ram"][1]()), "Table T", "dmaragent check")

    assert line.startswith("Table T: no problems found (")
