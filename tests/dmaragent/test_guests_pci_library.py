"""An item of pci= as the libxlutils of Debian read it."""

import random
from collections import Counter
from dataclasses import fields

import pytest

from dmaragent.guests.pci import read_pci_shipped
from dmaragent.guests.pci_text import PciRefusal, PciText, PciUndefined, PolicyWord
from support.libxlutil import COUNT, SERIES, ask, distinct, parser
from support.libxlutil_child import SENTINEL, SENTINEL_BYTE

STRICT, RELAXED, INVALID = PolicyWord.STRICT, PolicyWord.RELAXED, PolicyWord.INVALID
_DIGITS = (
    "0",
    "00",
    "1",
    "5",
    "1f",
    "1F",
    "36",
    "ff",
    "0x3",
    "00007",
    "+2",
    " 4",
    "-0",
    "0x",
    "0b1",
)
_ODD = ("20", "100", "10000", "-1", "", "100000001", "-ffffffffffffffff", "f" * 17)
_KEYS = ("msitranslate", "power_mgmt", "permissive", "seize")
_VALUES = (
    "0",
    "1",
    "2",
    "-1",
    "yes",
    "",
    " 1",
    "+3x",
    "4294967296",
    "9" * 20,
    "0b1",
    f"-{'9' * 20}",
)
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


@pytest.mark.slow
@pytest.mark.parametrize("series", SERIES)
def test_libxlutil_itself_reads_entries_as_its_release_is_modelled(series: str) -> None:
    draw = random.Random(20201208)  # noqa: S311 - the same strings each time
    readings = {
        text: read_pci_shipped(text, parser(series)) for text in distinct(lambda: _string(draw))
    }
    outcomes = Counter(type(reading) for reading in readings.values())
    settings: Counter[str] = Counter()
    # it might crash on those that are undefined
    asked = [text for text, reading in readings.items() if not isinstance(reading, PciUndefined)]
    for text, (code, held, printed) in zip(
        asked, ask(series, (("pci", text) for text in asked)), strict=True
    ):
        reading = readings[text]
        if isinstance(reading, PciText):
            assert (code, held) == (0, _expected(reading)), text
            settings.update(
                f.name for f in fields(reading) if getattr(reading, f.name) != f.default
            )
        else:
            assert isinstance(reading, PciRefusal)
            assert code == -reading.exit_status, text
            assert printed != reading.silent, text
    assert outcomes[PciText] >= COUNT / 6
    assert len(asked) >= COUNT * (0.98 if parser(series).pci_strictly else 0.7)
    known = {f.name for f in fields(PciText)} - {"name", "all_functions", "ignored"}
    assert all(settings[name] > COUNT / 200 for name in known)
