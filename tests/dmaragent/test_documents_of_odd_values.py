"""Documents keep to their schemas whatever a table or a message has; and they have what text has."""

import pytest

from dmaragent.inventory import Inventory
from dmaragent.messages import recogniser
from dmaragent.messages.relate import relate_all
from dmaragent.present.json.hotplug import hotplug_document
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.json.schema.why import WhyDocument
from dmaragent.present.json.why import why_document
from dmaragent.present.text.hotplug import hotplug_text
from dmaragent.present.text.why import why_text
from dmaragent.remedies.hotplug import hotplug
from support.amd_inventories import WIDE, amd_inventory
from support.checked import UNIT, USB, host_of, taken
from support.cli import check_document, run
from support.guests import facts, guest, stack
from support.ivrs_inventories import SOUND, of
from support.ivrs_tables import IV_INFO
from support.machines import MACHINES
from support.tables import rmrr, table

_WIDTH = 0x7F << 8
"""Bits 8 to 14 of IVinfo: the width of physical addresses."""


def _explained(text: str, inventory: Inventory) -> WhyDocument:
    why = relate_all(recogniser().recognise(text), inventory)
    document = why_document(why, "text", {"kind": "live", "path": ""})
    check_document(document)
    return document


def test_a_table_with_addresses_of_no_bit_has_a_document() -> None:
    document = inventory_document(of(SOUND, iv_info=IV_INFO & ~_WIDTH), "table", "IVRS")

    check_document(document)
    assert document["answer"]["table"]["host_address_bits"] == 0  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("text", "base", "limit"),
    [
        pytest.param(
            "(XEN) gfn_to_mfn failed! gfn=ffffffffffffffff type:4",
            "0xffffffffffffffff000",
            "0xfffffffffffffffffff",
            id="the frame that is none",
        ),
        pytest.param(
            "(XEN) IVMD: [fffffffffffff000,0) is not (entirely) in reserved memory",
            "0xfffffffffffff000",
            "0xffffffffffffffff",
            id="to the end of memory",
        ),
        pytest.param(
            "(XEN) IVMD: [0,0) is not IOMMU addressable", "0x0", "0x0", id="an empty range"
        ),
    ],
)
def test_addresses_of_a_message_fit_the_document(text: str, base: str, limit: str) -> None:
    (recognised,) = _explained(text, amd_inventory(*WIDE))["answer"]["recognised"]

    assert recognised["names"]["addresses"] == [{"base": base, "limit": limit}]


def test_a_damaged_table_may_have_the_region_of_a_message() -> None:
    text = "(XEN) [VT-D]It's disallowed to assign 0000:00:1a.0 with shared RMRR at 1000 for d5."
    whole = table(UNIT, rmrr(0x7B800000, 0x7B80FFFF, USB), rmrr(0x7C000000, 0x7C00FFFF, USB))

    doubts = []
    for data in (whole, whole[:-8]):
        inventory = taken(host_of(data))
        doubts.append(_explained(text, inventory)["answer"]["regions_doubt"])
        shown = why_text(relate_all(recogniser().recognise(text), inventory), None, live=False)
        assert (doubts[-1] in " ".join(" ".join(shown).split())) is True

    assert doubts[0] == ""
    assert "damaged" in doubts[1]


@pytest.mark.parametrize("option", [("--class", "usb"), ("--class", "0c03"), ("--id", "8086:")])
def test_a_device_of_which_only_the_address_is_known_may_match(
    option: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    machine = MACHINES / "hp-dl380e-gen8"
    alone = machine / "root/sys/firmware/acpi/tables/DMAR"

    shown = run(capsys, "devices", "--host", alone, *option)
    answer = run(capsys, "devices", "--host", alone, *option, "--json").document["answer"]
    whole = run(capsys, "devices", "--host", machine, *option, "--json").document["answer"]

    assert (shown.code, answer["devices"]) == (2, [])
    assert "May match, too" not in shown.out
    assert f"May match: {answer['may_match']} devices" in shown.out
    assert answer["may_match"] == answer["known"] > 0
    assert whole["devices"]
    assert whole["may_match"] == 0


def test_a_key_that_xl_ignores_is_in_the_document_as_in_the_text() -> None:
    attached = hotplug("00:14.0,colour=red", guest(passthrough="enabled"), facts(), stack("4.12"))
    document = hotplug_document(attached, "live", "")

    check_document(document)
    assert document["answer"]["ignored_keys"] == ["colour"]
    assert "'colour'" in " ".join(hotplug_text(attached))
