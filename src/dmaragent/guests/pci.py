"""An entry of ``pci=[...]``: its settings, as documented and as each libxlutil reads it.

xl-pci-configuration(5) calls it PCI_SPEC_STRING: an address with an optional ``@`` and slot, then
pairs ``key=value`` with commas between them. libxlutil has a state machine over single characters
up to 4.14 (``pci_until_4_14.py``) and another parser from 4.15 on. Both accept more than is documented. If they refuse an
entry, xl exits.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from dmaragent.addresses import SBDF
from dmaragent.guests.pci_draft import (
    ADDRESS,
    BUS,
    DEVICE,
    FLAGS,
    FUNCTION,
    KEYS,
    NAME,
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
from dmaragent.guests.pci_until_4_14 import read_until_4_14


class PciParsing(Protocol):
    """The differences between releases of libxlutil: see LibxluBehaviour."""

    @property
    def pci_strictly(self) -> bool:
        """Whether it is the parser of 4.15 and later."""

    @property
    def star_aborts(self) -> bool | None:
        """Whether ``*`` makes the old parser abort; None if point releases differ."""


def read_pci_documented(text: str) -> PciText | PciRefusal:
    """Return the string as xl-pci-configuration(5) documents it: plain digits, each key once."""
    reading = _read(text, _DOCUMENTED)
    if isinstance(reading, PciUndefined):
        return PciRefusal(reading.position, "a dot and the function", silent=False)
    return reading


def read_pci_shipped(text: str, behaviour: PciParsing) -> PciText | PciRefusal | PciUndefined:
    """Return the string as libxlutil of `behaviour` reads it."""
    text = text.partition("\0")[0]
    if behaviour.pci_strictly:
        return _read(text, _SINCE_4_15)
    return read_until_4_14(text, star_aborts=behaviour.star_aborts)


def write_pci(pci: PciText) -> str:
    """Return `pci` in the documented spelling, as short as possible.

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


# As documented, and from 4.15 on ----------------------------------------------------------


class _Grammar(NamedTuple):
    """The differences between the documented entry and the one that libxlutil reads from 4.15 on."""

    exact: bool
    """Whether an entry is strict in form.

    Each key is there once. A number is no wider than documented and is all of its value. A flag is
    0 or 1, a name has no blanks, and no comma ends the string.
    """
    number: re.Pattern[str]
    slot: Number
    policies: Mapping[str, PolicyWord]
    """By its word; also in capitals unless `exact`."""
    policy_exit_status: int
    """The exit status of xl for another word."""


_DOCUMENTED = _Grammar(
    exact=True,
    number=re.compile(r"()([0-9a-fA-F]+)"),
    slot=SLOT,
    policies=MappingProxyType(
        {word.value: word for word in PolicyWord if word is not PolicyWord.INVALID}
    ),
    policy_exit_status=6,
)
_SINCE_4_15 = _Grammar(
    exact=False,
    number=re.compile(r"[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]*|[0-9a-fA-F]+)"),  # sscanf, glibc
    slot=Number("slot", 2, 0x1F),
    policies=MappingProxyType({word.value: word for word in PolicyWord}),
    policy_exit_status=3,
)
_ADDRESS_RUN = re.compile(r"[0-9a-fA-F:]*")


def _read(text: str, grammar: _Grammar) -> PciText | Problem:
    """Read an address or none, then pairs."""
    draft = Draft()
    address = _read_address(text, 0, grammar)
    if isinstance(address, PciUndefined):
        return address
    at: int | PciRefusal = 0
    if isinstance(address, Address):
        at = _after_address(draft, address, text, grammar)
    if isinstance(at, PciRefusal):
        return at
    for pair in pairs(text, at):
        objection = _set(draft, pair, text, grammar)
        if objection is None:
            continue
        if isinstance(address, PciRefusal) and isinstance(objection, PciRefusal):
            return _likelier_refusal(address, objection)
        return objection
    if grammar.exact and text.endswith(","):
        return PciRefusal(len(text), "no comma at the end", silent=False)
    if (draft.address is None) == (draft.name is None):
        expected = "bdf or name, not both" if draft.address else f"{ADDRESS}, or name="
        return PciRefusal(len(text), expected, silent=not grammar.exact)
    return draft.finish()


def _likelier_refusal(address: PciRefusal, pair: PciRefusal) -> PciRefusal:
    """Return the refusal of a text without an address; a bad address was read as a pair."""
    if pair.position > 0 or address.expected == ADDRESS:
        return pair
    return replace(pair, position=address.position, expected=address.expected)


def _read_number(
    text: str, at: int, number: Number, grammar: _Grammar
) -> tuple[int, int] | PciRefusal:
    """Return the number at `at`, and its end."""
    match = grammar.number.match(text, at)
    if match and not (grammar.exact and len(match[0]) > number.width):
        value = uint32(match[1], match[2])
        if value <= number.limit:
            return value, match.end()
    return PciRefusal(at, number.expected, silent=not grammar.exact)


def _read_address(text: str, at: int, grammar: _Grammar) -> Address | Problem:
    """Return the address; the number of its parts follows from its colons, counted first."""
    run = _ADDRESS_RUN.match(text, at)
    colons = run[0].count(":") if run else 0
    if colons not in (1, 2):
        return PciRefusal(at, ADDRESS, silent=not grammar.exact)
    values = [0] * (2 - colons)
    for number in (SEGMENT, BUS, DEVICE)[2 - colons :]:
        reading = _read_number(text, at, number, grammar)
        if isinstance(reading, PciRefusal):
            return reading
        values.append(reading[0])
        at = reading[1] + 1  # a colon, which the count has found there, or the dot
    at -= 1
    if text[at : at + 1] != ".":
        why = "no dot follows its device number, and it continues from an uninitialized offset"
        return PciUndefined(at, why)
    segment, bus, device = values
    if text[at + 1 : at + 2] == "*":
        return Address(SBDF(segment, bus, device, 0), all_functions=True, end=at + 2)
    reading = _read_number(text, at + 1, FUNCTION, grammar)
    if isinstance(reading, PciRefusal):
        return reading
    function, end = reading
    return Address(SBDF(segment, bus, device, function), all_functions=False, end=end)


def _after_address(
    draft: Draft, address: Address, text: str, grammar: _Grammar
) -> int | PciRefusal:
    """Accept the address and its slot; return the start of the pairs."""
    draft.address = address
    draft.given.add("bdf")
    at = address.end
    expected = "@, a comma or the end"
    if text[at : at + 1] == "@":
        slot = _read_number(text, at + 1, grammar.slot, grammar)
        if isinstance(slot, PciRefusal):
            return slot
        draft.given.add("vslot")
        draft.vslot, at = slot
        expected = "a comma or the end"
    if text[at : at + 1] not in ("", ","):
        return PciRefusal(at, expected, silent=not grammar.exact)
    return at + 1


def _set(draft: Draft, pair: Pair, text: str, grammar: _Grammar) -> Problem | None:
    """Accept a pair, or return why not."""
    if pair.value_at < 0:
        return PciRefusal(pair.key_at, "key=value", silent=not grammar.exact)
    if pair.key not in KEYS:
        blank = pair.key.strip() in KEYS
        expected = f"{pair.key.strip()} without a blank" if blank else f"one of {', '.join(KEYS)}"
        return PciRefusal(pair.key_at, expected, silent=False)
    if grammar.exact and pair.key in draft.given:
        return PciRefusal(pair.key_at, f"no second {pair.key}", silent=False)
    draft.given.add(pair.key)
    if pair.key in ("bdf", "vslot"):
        return _set_place(draft, pair, text[: pair.end], grammar)
    if pair.key == "name":
        if grammar.exact and not NAME.fullmatch(pair.value):
            return PciRefusal(pair.value_at, "a name without blanks", silent=False)
        draft.name = pair.value
        return None
    if pair.key == "rdm_policy":
        return _set_policy(draft, pair, grammar)
    if grammar.exact and pair.value not in ("0", "1"):
        return PciRefusal(pair.value_at, "0 or 1: xl reads every word as 0", silent=False)
    draft.flags[pair.key] = is_true(pair.value)
    return None


def _set_place(draft: Draft, pair: Pair, text: str, grammar: _Grammar) -> Problem | None:
    """Accept ``bdf=`` or ``vslot=``; 4.15 ignores what follows the number."""
    if pair.key == "bdf":
        address = _read_address(text, pair.value_at, grammar)
        if not isinstance(address, Address):
            return address
        draft.address = address
        end = address.end
    else:
        slot = _read_number(text, pair.value_at, grammar.slot, grammar)
        if isinstance(slot, PciRefusal):
            return slot
        draft.vslot, end = slot
    if grammar.exact and end < pair.end:
        return PciRefusal(end, "a comma or the end", silent=False)
    return None


def _set_policy(draft: Draft, pair: Pair, grammar: _Grammar) -> PciRefusal | None:
    """Accept ``rdm_policy=``, which 4.15 compares with the enumeration, ignoring case."""
    draft.policy = grammar.policies.get(pair.value if grammar.exact else pair.value.lower())
    if draft.policy is None:
        status = grammar.policy_exit_status
        return PciRefusal(pair.value_at, "strict or relaxed", silent=False, exit_status=status)
    return None
