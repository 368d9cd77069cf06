"""An item of the ``pci=[...]`` list: as it is documented, and as libxlutil reads it.

Pure.  xl-pci-configuration(5) calls it PCI_SPEC_STRING: an address and perhaps ``@`` and a
slot, then pairs ``key=value`` with commas between them.  The parser was rewritten for 4.15;
both take more than is documented, and xl exits where they refuse.
"""

import re
from dataclasses import replace

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
from dmaragent.guests.pci_model import (
    PciParsing,
    PciRefusal,
    PciText,
    PciUndefined,
    PolicyWord,
    Problem,
)
from dmaragent.guests.pci_numbers import Field, read_number, truth
from dmaragent.guests.pci_old import read_pci_old

_KEYS = ("bdf", "vslot", "name", "rdm_policy", *FLAGS)
_SHIPPED_VSLOT = Field("slot", 2, 0x1F)
_ADDRESS_RUN = re.compile(r"[0-9a-fA-F:]*")
_NAME = re.compile(r"[^\s,\0]+")


def read_pci_documented(text: str) -> PciText | PciRefusal:
    """Read the string as xl-pci-configuration(5) has it: plain digits, each key once."""
    read = _read(text, plain=True)
    if isinstance(read, PciUndefined):
        return PciRefusal(read.position, "a dot and the function", silent=False)
    return read


def read_pci_shipped(text: str, behaviour: PciParsing) -> PciText | PciRefusal | PciUndefined:
    """Read the string as libxlutil of `behaviour` does."""
    text = text.partition("\0")[0]
    if behaviour.pci_strictly:
        return _read(text, plain=False)
    return read_pci_old(text, star_aborts=behaviour.star_aborts)


def write_pci(pci: PciText) -> str:
    """Spell `pci` as documented, as short as can be.

    Raises:
        ValueError: the manual has no words for it, such as a policy ``invalid``.

    """
    if pci.sbdf is None:
        items = [f"name={pci.name}"]
    else:
        address = str(pci.sbdf) if pci.sbdf.segment else str(pci.sbdf).partition(":")[2]
        items = [f"{address[:-1]}*" if pci.all_functions else address]
    if pci.vslot and pci.sbdf:
        items[0] += f"@{pci.vslot:x}"
    elif pci.vslot:
        items.append(f"vslot={pci.vslot:x}")
    flags = {key: getattr(pci, key) for key in FLAGS}
    items += [f"{key}={value:d}" for key, value in flags.items() if value is not None]
    if pci.policy:
        items.append(f"rdm_policy={pci.policy.value}")
    text = ",".join(items)
    if read_pci_documented(text) != pci:
        raise ValueError(f"{text!r} does not say all of {pci}")
    return text


def _read(text: str, *, plain: bool) -> PciText | Problem:
    """Read an address or none, then pairs: as documented if `plain`, else as 4.15 does."""
    draft = Draft()
    address = _address(text, 0, plain=plain)
    if isinstance(address, PciUndefined):
        return address
    at: int | PciRefusal = 0
    if isinstance(address, PciAddress):
        at = _after_address(draft, address, text, plain=plain)
    if isinstance(at, PciRefusal):
        return at
    for pair in pairs_of(text, at):
        objection = _set(draft, pair, text, plain=plain)
        if objection is None:
            continue
        if isinstance(address, PciRefusal) and isinstance(objection, PciRefusal):
            return _meant(address, objection)
        return objection
    if plain and text.endswith(","):
        return PciRefusal(len(text), "no comma at the end", silent=False)
    if (draft.address is None) == (draft.name is None):
        expected = "bdf or name, not both" if draft.address else f"{ADDRESS}, or name="
        return PciRefusal(len(text), expected, silent=not plain)
    return draft.finish()


def _meant(address: PciRefusal, pair: PciRefusal) -> PciRefusal:
    """Choose what to object to in a text without an address; a bad one was read as a pair."""
    if pair.position > 0 or address.expected == ADDRESS:
        return pair
    return replace(pair, position=address.position, expected=address.expected)


def _address(text: str, at: int, *, plain: bool) -> PciAddress | Problem:
    """Read an address; how many numbers it has is told by its colons, counted ahead."""
    run = _ADDRESS_RUN.match(text, at)
    colons = run[0].count(":") if run else 0
    if colons not in (1, 2):
        return PciRefusal(at, ADDRESS, silent=not plain)
    values = [0] * (2 - colons)
    for place in PLACES[2 - colons :]:
        number = read_number(text, at, place, plain=plain)
        if isinstance(number, PciRefusal):
            return number
        values.append(number[0])
        at = number[1] + 1  # a colon, which the count has seen there, or the dot
    at -= 1
    if text[at : at + 1] != ".":
        why = "no dot follows its device number, and it goes on from an offset that it never wrote"
        return PciUndefined(at, why)
    segment, bus, device = values
    if text[at + 1 : at + 2] == "*":
        return PciAddress(SBDF(segment, bus, device, 0), all_functions=True, end=at + 2)
    number = read_number(text, at + 1, FUNCTION, plain=plain)
    if isinstance(number, PciRefusal):
        return number
    return PciAddress(SBDF(segment, bus, device, number[0]), all_functions=False, end=number[1])


def _after_address(
    draft: Draft, address: PciAddress, text: str, *, plain: bool
) -> int | PciRefusal:
    """Take the address and its slot, and say where the pairs begin."""
    draft.address = address
    draft.given.add("bdf")
    at = address.end
    expected = "@, a comma or the end"
    if text[at : at + 1] == "@":
        slot = read_number(text, at + 1, DOCUMENTED_VSLOT if plain else _SHIPPED_VSLOT, plain=plain)
        if isinstance(slot, PciRefusal):
            return slot
        draft.given.add("vslot")
        draft.vslot, at = slot
        expected = "a comma or the end"
    if text[at : at + 1] not in ("", ","):
        return PciRefusal(at, expected, silent=not plain)
    return at + 1


def _set(draft: Draft, pair: Pair, text: str, *, plain: bool) -> Problem | None:
    """Take a pair, or say why not."""
    if pair.value_at < 0:
        return PciRefusal(pair.key_at, "key=value", silent=not plain)
    if pair.key not in _KEYS:
        blank = pair.key.strip() in _KEYS
        expected = f"{pair.key.strip()} without a blank" if blank else f"one of {', '.join(_KEYS)}"
        return PciRefusal(pair.key_at, expected, silent=False)
    if plain and pair.key in draft.given:
        return PciRefusal(pair.key_at, f"no second {pair.key}", silent=False)
    draft.given.add(pair.key)
    if pair.key in ("bdf", "vslot"):
        return _set_place(draft, pair, text[: pair.end], plain=plain)
    if pair.key == "name":
        if plain and not _NAME.fullmatch(pair.value):
            return PciRefusal(pair.value_at, "a name without blanks", silent=False)
        draft.name = pair.value
        return None
    if pair.key == "rdm_policy":
        return _set_policy(draft, pair, plain=plain)
    if plain and pair.value not in ("0", "1"):
        return PciRefusal(pair.value_at, "0 or 1: xl takes every word for 0", silent=False)
    draft.flags[pair.key] = truth(pair.value)
    return None


def _set_place(draft: Draft, pair: Pair, text: str, *, plain: bool) -> Problem | None:
    """Take ``bdf=`` or ``vslot=``; 4.15 does not look at what follows the number."""
    if pair.key == "bdf":
        address = _address(text, pair.value_at, plain=plain)
        if not isinstance(address, PciAddress):
            return address
        draft.address = address
        end = address.end
    else:
        limits = DOCUMENTED_VSLOT if plain else _SHIPPED_VSLOT
        slot = read_number(text, pair.value_at, limits, plain=plain)
        if isinstance(slot, PciRefusal):
            return slot
        draft.vslot, end = slot
    if plain and end < pair.end:
        return PciRefusal(end, "a comma or the end", silent=False)
    return None


def _set_policy(draft: Draft, pair: Pair, *, plain: bool) -> PciRefusal | None:
    """Take ``rdm_policy=``, which 4.15 compares with the enumeration, without case."""
    words = {word.value: word for word in PolicyWord if not plain or word != PolicyWord.INVALID}
    draft.policy = words.get(pair.value if plain else pair.value.lower())
    if draft.policy is None:
        status = 6 if plain else 3
        return PciRefusal(pair.value_at, "strict or relaxed", silent=False, exit_status=status)
    return None
