"""No message is recognised where there is none: format strings of unrelated kernel files."""

import os
from pathlib import Path

import pytest

from support.unrelated_formats import formats, read, recognised, rendered
from support.wording import Worded

TREE = os.environ.get("DMARAGENT_LINUX_SOURCE", "")


@pytest.mark.skipif(
    not TREE, reason="DMARAGENT_LINUX_SOURCE names no Linux tree (Debian: linux-source-6.1)"
)
def test_no_format_string_of_an_unrelated_kernel_file_is_recognised() -> None:
    texts = read(Path(TREE))

    assert len(texts) >= 10_000
    assert recognised(texts) == []


def test_format_strings_are_found_in_printing_calls_alone(worded: Worded) -> None:
    source = """
        /* pr_err is a macro */
        static const char *name = "no message at all";
        pr_err("%s: cannot map "
               "0x%016llx\\n", name, address);
        dev_warn(&pdev->dev, FW_BUG "bad length %d%%\\n", length);
    """

    worded(list(formats(source)))


def test_a_format_string_is_filled() -> None:
    assert rendered("%s: at 0x%016llx, %-5d%%", {"s": "x", "x": "1f", "%": "%"}) == "x: at 0x1f, 5%"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Can't reserve memory %s", None),
        ("DMAR: Can't reserve memory", "linux-unit-taken"),
        (
            "Device is ineligible for IOMMU domain attach due to platform RMRR req",
            "linux-rmrr-ineligible",
        ),
    ],
)
def test_a_message_among_them_would_be_seen(text: str, message: str | None) -> None:
    assert {one for _, one in recognised([text])} == ({message} if message else set())
