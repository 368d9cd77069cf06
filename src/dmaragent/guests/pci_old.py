"""An item of the ``pci=[...]`` list, as libxlutil up to 4.14 reads it.

Pure.  Its parser was a machine of states over single characters; 4.15 has another, which
:mod:`dmaragent.guests.pci_text` follows.
"""

import re

from dmaragent.addresses import SBDF
from dmaragent.guests.pci_draft import (
    ADDRESS,
    DOCUMENTED_VSLOT,
    FLAGS,
    FUNCTION,
    PLACES,
    Draft,
    Pair,
    PciAddress,
    pairs_of,
)
from dmaragent.guests.pci_model import PciRefusal, PciText, PciUndefined, PolicyWord, Problem
from dmaragent.guests.pci_numbers import Field, converted, truth

_PLACES = (*PLACES[:2], Field("device", 2, 0xFF), FUNCTION, DOCUMENTED_VSLOT)
_ADDRESS = re.compile(
    r"(?:(?P<segment>[^:]*):(?=[^:.]*:))?(?P<bus>[^:]*):(?P<device>[^.]*)\."
    r"(?P<function>[^@,]*)(?:@(?P<slot>[^,]*))?(?:,|\Z)"
)
_STAR = {
    True: "* makes xl abort: an assertion that it has read a function fails",
    False: "of * it takes the function from memory that it never wrote",
    None: "* makes xl abort, or it takes the function from memory that it never wrote, "
    "by point release",
}


def read_pci_old(text: str, *, star_aborts: bool | None) -> PciText | Problem:
    """Read the string as up to 4.14: tokens between separators, each a number as a whole."""
    found = _ADDRESS.match(text)
    if not found:
        return PciRefusal(0, ADDRESS, silent=True)
    star = found["function"] == "*"
    numbers: list[int] = []
    for place in _PLACES:
        token = found[place.name]
        value = 0 if token is None or (star and place is FUNCTION) else converted(token)
        if value is None or value > place.limit:
            return PciRefusal(found.start(place.name), place.expected, silent=True)
        numbers.append(value)
    segment, bus, device, function, slot = numbers
    draft = Draft(vslot=slot)
    for pair in pairs_of(text, found.end()):
        objection = _set(draft, pair)
        if objection:
            return objection
    if text.endswith(","):
        return PciRefusal(len(text), "key=value", silent=not draft.ignored)
    if star:
        return PciUndefined(found.start("function"), _STAR[star_aborts])
    if device > 0x1F:
        why = f"no such device: {device:#x} is above 0x1f"
        return PciUndefined(found.start("device"), why)
    draft.address = PciAddress(SBDF(segment, bus, device, function), all_functions=False, end=0)
    return draft.finish()


def _set(draft: Draft, pair: Pair) -> PciRefusal | None:
    """Take a pair as up to 4.14, which passes over the keys that it does not know."""
    if pair.value_at < 0:
        return PciRefusal(pair.key_at, "key=value", silent=not draft.ignored)
    if pair.key == "rdm_policy":
        if pair.value not in ("strict", "relaxed"):
            return PciRefusal(pair.value_at, "strict or relaxed", silent=False)
        draft.policy = PolicyWord(pair.value)
    elif pair.key in FLAGS:
        draft.flags[pair.key] = truth(pair.value)
    else:
        draft.ignored.append(pair.key)
    return None
