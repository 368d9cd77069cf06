"""The text of findings: what all hits share is printed once, and the short form is short."""

from dmaragent.checks.common.model import Checked
from dmaragent.present.text.check import check_details_text, check_text
from support.checked import BASE, GONE, LIMIT, OTHER_USB, USB, findings, host, region
from support.tables import rmrr
from support.wording import Worded


def _lines(checked: Checked) -> list[str]:
    return list(check_details_text(checked, "Table T"))


def test_what_differs_is_told_beside_its_hit_and_the_rule_once(worded: Worded) -> None:
    lines = _lines(
        findings(
            host(
                rmrr(BASE, LIMIT, GONE),
                rmrr(BASE + 0x8000, LIMIT + 0x8000, USB),
                rmrr(0x7C000000, 0x7C00FFFF, USB),
                rmrr(0x7C008000, 0x7C017FFF, OTHER_USB),
            )
        )
    )

    own = [line for line in lines if line.startswith("    Xen ")]
    assert sum("4.6 to 4.11, 4.17 to 4.19.3 and 4.20.0" in line for line in own) == 1
    assert sum(line.startswith("  Xen ") for line in lines[: lines.index("")]) <= 1
    worded(lines)


def test_what_all_hits_have_in_common_is_told_once(worded: Worded) -> None:
    made = host(rmrr(0x100000, 0x10FFFF, USB), rmrr(0x110000, 0x11FFFF, OTHER_USB))
    lines = _lines(findings(made, (4, 17)))

    assert sum("Xen 4.17 " in line for line in lines) == 1
    worded(lines)


def test_a_rules_text_is_told_only_for_hits_without_one_of_their_own(worded: Worded) -> None:
    lines = _lines(findings(host(rmrr(0, 0, USB), rmrr(0, 0xFFF, OTHER_USB))))
    begin = lines.index("warning  rmrr-placeholder  A region is a placeholder at address 0")
    group = lines[begin : lines.index("", begin) if "" in lines[begin:] else None]

    assert sum(line.startswith("    Xen ") for line in group) == 2
    assert not any(line.startswith("  Xen ") for line in group)  # each hit has its own
    assert sum(line.startswith("    Linux  ") for line in group) == 1
    assert sum(line.startswith("  Linux  ") for line in group) == 1
    worded(group)


def test_all_evidence_of_a_finding_is_shown(worded: Worded) -> None:
    regions = (rmrr(BASE + n * 0x1000, BASE + n * 0x1000 + 0xFFF, USB, GONE) for n in range(6))
    lines = _lines(findings(host(*regions)))

    absent = next(n for n, line in enumerate(lines) if "  rmrr-device-absent  " in line)
    worded(lines[absent + 1], "0000:00:19.0", "1-6")
    assert sum("RMRR device_scope" in line for line in lines[absent + 2 : absent + 8]) == 6


def test_of_many_bytes_the_first_sixteen_are_shown() -> None:
    lines = _lines(findings(host(rmrr(BASE, LIMIT, USB, OTHER_USB, GONE))))

    (shown,) = [line for line in lines if line.startswith("    0x58: ")]
    assert shown.startswith("    0x58: 01 08 00 00 00 00 1d 00 01 08 00 00 00 00 1a 00 …  RMRR")


def test_sixteen_bytes_are_shown_whole() -> None:
    lines = _lines(findings(host(rmrr(BASE, LIMIT, USB, OTHER_USB))))

    (shown,) = [line for line in lines if line.startswith("    0x58: ")]
    assert shown.startswith("    0x58: 01 08 00 00 00 00 1d 00 01 08 00 00 00 00 1a 00  RMRR")


def test_severities_are_counted_in_words(worded: Worded) -> None:
    made = host(rmrr(BASE, LIMIT), rmrr(LIMIT + 1, LIMIT + 0x10000))
    first = " ".join(_lines(findings(made))[0].split())

    assert first.startswith("Table T: 2 errors (")
    one = findings(region(BASE, BASE)())._replace(asked=1, not_asked=())
    worded(_lines(one)[0])


def test_a_title_that_is_long_is_wrapped() -> None:
    checked = findings(region()())

    for lines in (
        check_text(checked, "Table " + "a b " * 30, "check"),
        check_details_text(checked, "Table " + "a b " * 30),
    ):
        assert max(map(len, lines)) <= 80
