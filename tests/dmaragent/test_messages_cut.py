"""Messages whose end is missing, and messages in other people's characters."""

import pytest

from dmaragent.messages import recogniser
from dmaragent.messages.cleaning import cleaned
from dmaragent.messages.model import Names, Recognised
from support.message_names import names

SHARED = (
    "(XEN) [VT-D] It's disallowed to assign 0000:0a:00.0 with shared RMRR at 7df83000 for Dom3."
)
REFUSED = (
    "Jan 23 17:54:48 host1 kernel: vfio-pci 0000:0a:00.0: DMAR: Device is ineligible for IOMMU "
    "domain attach due to platform RMRR requirement.  Contact your platform vendor."
)


def only(text: str) -> Recognised:
    (found,) = recogniser().recognise(text).found
    return found


@pytest.mark.parametrize("mark", [">", "\u2026", "...", "> ", '>"'])
@pytest.mark.parametrize("at", [80, 100, 130])
def test_a_line_that_a_pager_cut_is_recognised_with_its_device(at: int, mark: str) -> None:
    found = only(REFUSED[:at] + mark)

    assert found.message.id == "linux-rmrr-ineligible"
    assert found.names == names("0a:00.0")
    assert found.cut


@pytest.mark.parametrize(
    ("end", "named"),
    [
        ("0000:0a", Names()),
        ("RMRR", names("0a:00.0")),
        ("7df8", names("0a:00.0")),
        ("7df83000", names("0a:00.0")),
        ("7df83000 for", names("0a:00.0", 0x7DF83000)),
        ("7df83000 for Do", names("0a:00.0", 0x7DF83000)),
        ("for Dom3", names("0a:00.0", 0x7DF83000)),
    ],
)
def test_a_value_that_the_cut_may_have_shortened_is_not_named(end: str, named: Names) -> None:
    text = SHARED[: SHARED.index(end) + len(end)]

    assert only(f"{text}>").names == named


def test_the_last_address_of_a_whole_message_is_not_named_either_if_the_line_is_cut() -> None:
    assert only("libxl: error: RDM conflict at 0xad8>").names == Names()
    assert only("<RDM conflict at 0xad800000>").names == names("", 0xAD800000)
    assert only("RDM conflict at 0xad800000").names == names("", 0xAD800000)


def test_a_narrow_terminal_cuts_without_a_mark() -> None:
    found = only(SHARED[:85])

    assert found.message.id == "xen-shared-rmrr-refused"
    assert found.names == names("0a:00.0", 0x7DF83000)


@pytest.mark.parametrize(
    "line",
    [
        "vfio-pci 0000:0a:00.0: Device is>",
        "Device is ineligible for IOMMU domain attach",
        "It's disallowed to assign",
        "Device is ineligible for promotion>",
        "Device is ineligible for IOMMU domain attach by decree>",
        "Failed to set>",
        "Your BIOS is broken; >",
        "(XEN) vfio-pci 0000:0a:00.0: DMAR: Device is ineligible for IOMMU dom>",
    ],
)
def test_too_little_of_a_message_is_not_recognised(line: str) -> None:
    assert recogniser().recognise(line).found == ()


def test_a_message_that_is_whole_elsewhere_is_counted_with_it() -> None:
    found = only(f"{REFUSED}\n{REFUSED[:120]}>\n")

    assert (found.count, found.lines) == (2, (1, 2))


def test_a_long_log_is_not_searched_for_cut_messages() -> None:
    text = f"{REFUSED[:120]}>\n" + "x\n" * (1 << 16)

    assert recogniser().recognise(text).found == ()


@pytest.mark.parametrize("end", [" already set (to 7df83003 not 7df8>", " alre>"])
def test_a_cut_line_does_not_decide_between_two_messages(end: str) -> None:
    found = only(f"DMAR: ERROR: DMA PTE for vPFN 0x7df83{end}")

    assert found.message.id == "linux-pte-already-set"
    assert found.names == names("", (0x7DF83000, 0x7DF83FFF))


@pytest.mark.parametrize(
    "apostrophe",
    [
        "'",
        "\u2019",
        "\u2018",
        "\u02bc",
        "\u2032",
        "\uff07",
        "\u00b4",
        "&#39;",
        "&#039;",
        "&#x27;",
        "&apos;",
        "&rsquo;",
        "&#8217;",
        "&amp;#39;",
        "\\u0027",
        "\\u2019",
        "\\'",
        "'\\''",
        "\u00e2\u20ac\u2122",
        "\u00e2\x80\x99",
        "\udc92",
        "\u200b'",
        "`",
        "''",
        "?",
        "%27",
        "=E2=80=99",
        "",
    ],
)
def test_an_apostrophe_is_one_however_it_is_written(apostrophe: str) -> None:
    found = only(SHARED.replace("'", apostrophe))

    assert found.message.id == "xen-shared-rmrr-refused"
    assert found.names == names("0a:00.0", 0x7DF83000, domain=3)


@pytest.mark.parametrize(
    "text",
    [
        SHARED.replace(" ", "&nbsp;"),
        SHARED.replace(" ", "\u3000"),
        SHARED.replace(" ", "\u202f"),
        SHARED.replace("(", "\uff08").replace(")", "\uff09").replace(":", "\uff1a"),
        "\ufeff" + SHARED,
        "\0".join(SHARED),
        f"| {SHARED} |",
        f"&gt; {SHARED}",
    ],
)
def test_other_blanks_and_marks_do_not_matter(text: str) -> None:
    assert only(text).names == names("0a:00.0", 0x7DF83000, domain=3)


@pytest.mark.parametrize("minus", ["-", "\u2212", "\u2013", "&minus;", "&#8722;"])
def test_an_error_number_keeps_its_sign(minus: str) -> None:
    found = only(f"(XEN) d[IO]: assign (0000:08:00.0) failed ({minus}16)")

    assert found.names.error == 16


@pytest.mark.parametrize(
    "text", ["a&b;c", "&#0;", "&#27;[1m", "&unknown;", "&#1114112;", "\\u00e9", "R&amp;D", "&#10;"]
)
def test_what_is_unescaped_holds_no_control_and_no_new_line(text: str) -> None:
    assert cleaned(text).isprintable()


@pytest.mark.parametrize("quoted", ["> ", "| ", "\u2502 ", ">> "])
def test_a_message_split_in_a_quote_or_a_table_is_put_together(quoted: str) -> None:
    text = f"{quoted}{SHARED[:50]}\n{quoted}{SHARED[50:]}"

    assert only(text).names == names("0a:00.0", 0x7DF83000, domain=3)


def test_xens_mark_on_the_line_before_does_not_make_a_split_message_xens() -> None:
    text = f"(XEN) Brought up 4 CPUs\n{REFUSED[30:90]}\n{REFUSED[90:]}"

    assert [one.message.id for one in recogniser().recognise(text).found] == [
        "linux-rmrr-ineligible"
    ]


@pytest.mark.parametrize(
    "quotes", ["`'", "''", '""', "\u2018\u2019", "\u201c\u201d", "\u201e\u201c"]
)
def test_a_value_is_read_between_quotes_of_any_form(quotes: str) -> None:
    found = only(f"unable to parse PCI BDF {quotes[0]}0a:00.9{quotes[1]} for passthrough")

    assert found.message.id == "xl-pci-unreadable"
    assert found.names.word == "0a:00.9"


def test_a_cut_line_is_compared_whatever_its_quotes() -> None:
    found = only(
        "libxl: error: libxl__device_pci_add failed for PCI device \u20180a:00.0\u2019 (r>"
    )

    assert found.message.id == "libxl-pci-add-failed"
    assert found.names.word == "0a:00.0"


@pytest.mark.parametrize("keeps_blanks", [True, False])
@pytest.mark.parametrize("width", range(30, 90))
def test_a_narrow_terminal_does_not_part_a_message_from_its_device(
    width: int,
    keeps_blanks: bool,  # noqa: FBT001 - a case
) -> None:
    line = REFUSED.replace("  ", " ")[25:]
    lines = [line[at : at + width] for at in range(0, len(line), width)]
    text = "\n".join(lines if keeps_blanks else [one.rstrip() for one in lines])

    found = only(text)

    assert found.message.id == "linux-rmrr-ineligible"
    assert found.names == names("0a:00.0")


def test_a_device_in_the_line_before_is_not_taken_for_a_whole_message() -> None:
    text = "pci 0000:00:1d.0: enabling device\nDMAR: RMRR base: 0x1000 end: 0x1fff\n"

    assert only(text).names == names("", (0x1000, 0x1FFF))


@pytest.mark.parametrize("mark", ["<", "", "< "])
def test_a_line_that_begins_within_a_message_is_recognised_without_a_name(mark: str) -> None:
    found = only(f"{mark}{REFUSED[REFUSED.index('ligible') :]}")

    assert found.message.id == "linux-rmrr-ineligible"
    assert (found.names, found.cut) == (Names(), True)


@pytest.mark.parametrize(
    "line",
    [
        "<RMRR requirement.  Contact",
        "his platform RMRR requirement",
        "our platform RMRR requirement",
    ],
)
def test_too_little_of_the_right_part_is_not_recognised(line: str) -> None:
    assert recogniser().recognise(line).found == ()
