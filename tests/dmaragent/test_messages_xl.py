"""Messages of libxlutil, which ends no line: what follows them is known as well."""

import pytest

from dmaragent.messages import recogniser


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            (
                "Unknown PCI_SPEC_STRING option:  rdm_policyunable to parse PCI_SPEC_STRING "
                "`00:1a.0, rdm_policy=relaxed' for passthrough"
            ),
            [
                ("xl-pci-option-unknown", "rdm_policy"),
                ("xl-pci-unreadable", "00:1a.0, rdm_policy=relaxed"),
            ],
        ),
        (
            (
                "Unknown RDM property value: nonelibxl: error: libxl_dm.c:555:"
                "libxl__domain_device_construct_rdm: Domain 5:RDM conflict at 0xad800000."
            ),
            [("libxl-rdm-conflict", ""), ("xl-rdm-unreadable", "none")],
        ),
        (
            "Unknown PCI BDF option: aUnknown PCI BDF option: b",
            [("xl-pci-option-unknown", "a"), ("xl-pci-option-unknown", "b")],
        ),
    ],
)
def test_libxlutil_ends_no_line_and_what_follows_is_known_as_well(
    line: str, expected: list[tuple[str, str]]
) -> None:
    assert [
        (one.message.id, one.names.word) for one in recogniser().recognise(line).found
    ] == expected
