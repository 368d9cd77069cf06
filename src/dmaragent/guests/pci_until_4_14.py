"""An entry of ``pci=[...]`` as libxlutil up to 4.14 reads it: a state machine over characters."""

import re

from dmaragent.addresses import SBDF
from dmaragent.guests.pci_draft import (
    ADDRESS,
    BUS,
    DEVICE,
    FLAGS,
    FUNCTION,
    SEGMENT,
    SLOT,
    Address,
    Draft,
    Number,
    Pair,
    is_true,
    pairs,
    uint32,
)
from dmaragent.guests.pci_text import PciRefusal, PciText, PciUndefined, PolicyWord, Problem

_OLD_NUMBERS = (SEGMENT, BUS, Number("device", 2, 0xFF), FUNCTION, SLOT)
_OLD_ADDRESS = re.compile(
    r"(?:(?P<segment>[^:]*):(?=[^:.]*:))?(?P<bus>[^:]*):(?P<device>[^.]*)\."
    r"(?P<function>[^@,]*)(?:@(?P<slot>[^,]*))?(?:,|\Z)"
)
_WHOLE_TOKEN = re.compile(r"[ \t-\r]*([+-]?)((?:0[xX])?[0-9a-fA-F]+)")  # strtoul
_STAR = {
    True: "* makes xl abort: an assertion that it has read a function fails",
    False: "of * it reads the function from uninitialized memory",
    None: "* makes xl abort, or it reads the function from uninitialized memory, by point release",
}


def read_until_4_14(text: str, *, star_aborts: bool | None) -> PciText | Problem:
    """Return the settings from tokens between separators, each a whole number."""
    match = _OLD_ADDRESS.match(text)
    if not match:
        return PciRefusal(0, ADDRESS, silent=True)
    star = match["function"] == "*"
    numbers: list[int] = []
    for number in _OLD_NUMBERS:
        token = match[number.name]
        value = 0 if token is None or (star and number is FUNCTION) else _whole_number(token)
        if value is None or value > number.limit:
            return PciRefusal(match.start(number.name), number.expected, silent=True)
        numbers.append(value)
    segment, bus, device, function, slot = numbers
    draft = Draft(vslot=slot)
    for pair in pairs(text, match.end()):
        objection = _set_until_4_14(draft, pair)
        if objection:
            return objection
    if text.endswith(","):
        return PciRefusal(len(text), "key=value", silent=not draft.ignored)
    if star:
        return PciUndefined(match.start("function"), _STAR[star_aborts])
    if device > DEVICE.limit:
        why = f"no such device: {device:#x} is above 0x1f"
        return PciUndefined(match.start("device"), why)
    draft.address = Address(SBDF(segment, bus, device, function), all_functions=False, end=0)
    return draft.finish()


def _whole_number(token: str) -> int | None:
    """Return the number that is all of `token`, or None; the limit applies to its low 32 bits."""
    match = _WHOLE_TOKEN.fullmatch(token)
    return uint32(match[1], match[2]) if match else None


def _set_until_4_14(draft: Draft, pair: Pair) -> PciRefusal | None:
    """Accept a pair, and ignore an unknown key."""
    if pair.value_at < 0:
        return PciRefusal(pair.key_at, "key=value", silent=not draft.ignored)
    if pair.key == "rdm_policy":
        if pair.value not in ("strict", "relaxed"):
            return PciRefusal(pair.value_at, "strict or relaxed", silent=False)
        draft.policy = PolicyWord(pair.value)
    elif pair.key in FLAGS:
        draft.flags[pair.key] = is_true(pair.value)
    else:
        draft.ignored.append(pair.key)
    return None
