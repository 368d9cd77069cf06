"""An entry of ``pci=[...]``: its settings, as documented and as each libxlutil reads it.

xl-pci-configuration(5) calls it PCI_SPEC_STRING: an address with an optional ``@`` and slot, then
pairs ``key=value`` with commas between them. libxlutil has a state machine over single characters
up to 4.14 and another parser from 4.15 on. Both accept more than is documented. If they refuse an
entry, xl exits.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple, Protocol

from dmaragent.addresses import SBDF


class PolicyWord(Enum):
    """The words of ``rdm_policy=``."""

    STRICT = "strict"
    RELAXED = "relaxed"
    INVALID = "invalid"
    """Accepted from 4.15 on, as a name of the enumeration; libxl then makes it strict."""


class PciParsing(Protocol):
    """The differences between releases of libxlutil: see LibxluBehaviour."""

    @property
    def pci_strictly(self) -> bool:
        """Whether it is the parser of 4.15 and later."""

    @property
    def star_aborts(self) -> bool | None:
        """Whether ``*`` makes the old parser abort; None if point releases differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PciText:
    """The settings of the string; a flag or policy that it omits is None."""

    sbdf: SBDF | None
    """None if the entry has a name for the device; otherwise `name` is None."""
    name: str | None
    all_functions: bool = False
    """Whether the function is ``*``; the function in `sbdf` is then 0, as in libxlutil."""
    vslot: int = 0
    """The slot in the guest; 0: libxl chooses it."""
    policy: PolicyWord | None = None
    msitranslate: bool | None = None
    power_mgmt: bool | None = None
    permissive: bool | None = None
    seize: bool | None = None
    ignored: tuple[str, ...] = ()
    """Keys that the release ignores with a message, up to 4.14."""

    def __post_init__(self) -> None:
        if (self.sbdf is None) == (self.name is None):
            raise ValueError("a device has either an address or a name")
        if self.all_functions and (self.sbdf is None or self.sbdf.function):
            raise ValueError("all functions need an address with function 0")
        if not 0 <= self.vslot <= 0xFF:
            raise ValueError(f"slot {self.vslot:#x} is not within 0 to 0xff")


@dataclass(frozen=True, slots=True)
class PciRefusal:
    """The reason for which the string is refused."""

    position: int
    """The offset of the error in the string, in characters."""
    expected: str
    """What is expected at that offset, in words."""
    silent: bool
    """Whether libxlutil prints nothing; False for a string that the documentation refuses."""
    exit_status: int = 6
    """The exit status of xl."""


@dataclass(frozen=True, slots=True)
class PciUndefined:
    """libxlutil reads uninitialized memory, or aborts: the result is unknown."""

    position: int
    why: str


Problem = PciRefusal | PciUndefined


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
    return _read_until_4_14(text, star_aborts=behaviour.star_aborts)


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
    flags = {key: getattr(pci, key) for key in _FLAGS}
    items += [f"{key}={value:d}" for key, value in flags.items() if value is not None]
    if pci.policy:
        items.append(f"rdm_policy={pci.policy.value}")
    text = ",".join(items)
    if read_pci_documented(text) != pci:
        raise ValueError(f"{text!r} does not say all of {pci}")
    return text


# Common to all readers --------------------------------------------------------------------

_FLAGS = ("msitranslate", "power_mgmt", "permissive", "seize")
_KEYS = ("bdf", "vslot", "name", "rdm_policy", *_FLAGS)
_ADDRESS = "an address like 36:00.0 or 0000:36:00.0"
_NAME = re.compile(r"[^\s,\0]+")


@dataclass(frozen=True, slots=True)
class _Number:
    """A number of the string: its name, its documented width in digits, its limit."""

    name: str
    width: int
    limit: int

    @property
    def expected(self) -> str:
        """What is expected in its place, in words."""
        star = " or *" if self.name == "function" else ""
        return f"a {self.name}, hexadecimal and up to {self.limit:x}{star}"


_SEGMENT, _BUS = _Number("segment", 4, 0xFFFF), _Number("bus", 2, 0xFF)
_DEVICE, _FUNCTION = _Number("device", 2, 0x1F), _Number("function", 1, 7)
_SLOT = _Number("slot", 2, 0xFF)  # the manual's own example is 20


@dataclass(frozen=True, slots=True)
class _Address:
    """The device's address, and its end in the string."""

    sbdf: SBDF
    all_functions: bool
    end: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """One ``key=value``, and the positions of its parts."""

    key_at: int
    key: str
    value_at: int
    value: str
    end: int


@dataclass(slots=True)
class _Draft:
    """The settings read so far."""

    address: _Address | None = None
    name: str | None = None
    vslot: int = 0
    policy: PolicyWord | None = None
    flags: dict[str, bool] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    given: set[str] = field(default_factory=set)

    def finish(self) -> PciText:
        """Return the settings of the whole string."""
        return PciText(
            sbdf=self.address.sbdf if self.address else None,
            name=self.name,
            all_functions=self.address is not None and self.address.all_functions,
            vslot=self.vslot,
            policy=self.policy,
            ignored=tuple(self.ignored),
            **self.flags,
        )


def _pairs(text: str, at: int) -> Iterator[_Pair]:
    """Yield the pairs of `text` from `at` on; a part without ``=`` is a pair without a value."""
    while at < len(text):
        equals = text.find("=", at)
        if equals < 0:
            yield _Pair(at, text[at:], -1, "", len(text))
            return
        comma = text.find(",", equals)
        end = len(text) if comma < 0 else comma
        yield _Pair(at, text[at:equals], equals + 1, text[equals + 1 : end], end)
        at = end + 1


def _uint32(sign: str, digits: str) -> int:
    """Return the low 32 bits of strtoul's result, which has 64 bits, all set on overflow."""
    value = int(digits.lower().removeprefix("0x") or "0", 16)
    if value >= 1 << 64:
        value = -1
    elif sign == "-":
        value = -value
    return value & 0xFFFFFFFF


_DECIMAL = re.compile(r"[ \t-\r]*([+-]?)0*([0-9]*)")  # atoi


def _is_true(value: str) -> bool:
    """Return whether atoi returns anything but 0: an int from a long, with its limits."""
    match = _DECIMAL.match(value)
    number = int(match[2][:20] or "0") if match else 0
    number = max(-number, -(1 << 63)) if match and match[1] == "-" else min(number, (1 << 63) - 1)
    return number & 0xFFFFFFFF != 0


# As documented, and from 4.15 on ----------------------------------------------------------


class _Grammar(NamedTuple):
    """The differences between the documented entry and the one that libxlutil reads from 4.15 on."""

    exact: bool
    """Whether an entry is strict in form.

    Each key is there once. A number is no wider than documented and is all of its value. A flag is
    0 or 1, a name has no blanks, and no comma ends the string.
    """
    number: re.Pattern[str]
    slot: _Number
    policies: Mapping[str, PolicyWord]
    """By its word; also in capitals unless `exact`."""
    policy_exit_status: int
    """The exit status of xl for another word."""


_DOCUMENTED = _Grammar(
    exact=True,
    number=re.compile(r"()([0-9a-fA-F]+)"),
    slot=_SLOT,
    policies=MappingProxyType(
        {word.value: word for word in PolicyWord if word is not PolicyWord.INVALID}
    ),
    policy_exit_status=6,
)
_SINCE_4_15 = _Grammar(
    exact=False,
    number=re.compile(r"[ \t-\r]*([+-]?)(0[xX][0-9a-fA-F]*|[0-9a-fA-F]+)"),  # sscanf, glibc
    slot=_Number("slot", 2, 0x1F),
    policies=MappingProxyType({word.value: word for word in PolicyWord}),
    policy_exit_status=3,
)
_ADDRESS_RUN = re.compile(r"[0-9a-fA-F:]*")


def _read(text: str, grammar: _Grammar) -> PciText | Problem:
    """Read an address or none, then pairs."""
    draft = _Draft()
    address = _read_address(text, 0, grammar)
    if isinstance(address, PciUndefined):
        return address
    at: int | PciRefusal = 0
    if isinstance(address, _Address):
        at = _after_address(draft, address, text, grammar)
    if isinstance(at, PciRefusal):
        return at
    for pair in _pairs(text, at):
        objection = _set(draft, pair, text, grammar)
        if objection is None:
            continue
        if isinstance(address, PciRefusal) and isinstance(objection, PciRefusal):
            return _likelier_refusal(address, objection)
        return objection
    if grammar.exact and text.endswith(","):
        return PciRefusal(len(text), "no comma at the end", silent=False)
    if (draft.address is None) == (draft.name is None):
        expected = "bdf or name, not both" if draft.address else f"{_ADDRESS}, or name="
        return PciRefusal(len(text), expected, silent=not grammar.exact)
    return draft.finish()


def _likelier_refusal(address: PciRefusal, pair: PciRefusal) -> PciRefusal:
    """Return the refusal of a text without an address; a bad address was read as a pair."""
    if pair.position > 0 or address.expected == _ADDRESS:
        return pair
    return replace(pair, position=address.position, expected=address.expected)


def _read_number(
    text: str, at: int, number: _Number, grammar: _Grammar
) -> tuple[int, int] | PciRefusal:
    """Return the number at `at`, and its end."""
    match = grammar.number.match(text, at)
    if match and not (grammar.exact and len(match[0]) > number.width):
        value = _uint32(match[1], match[2])
        if value <= number.limit:
            return value, match.end()
    return PciRefusal(at, number.expected, silent=not grammar.exact)


def _read_address(text: str, at: int, grammar: _Grammar) -> _Address | Problem:
    """Return the address; the number of its parts follows from its colons, counted first."""
    run = _ADDRESS_RUN.match(text, at)
    colons = run[0].count(":") if run else 0
    if colons not in (1, 2):
        return PciRefusal(at, _ADDRESS, silent=not grammar.exact)
    values = [0] * (2 - colons)
    for number in (_SEGMENT, _BUS, _DEVICE)[2 - colons :]:
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
        return _Address(SBDF(segment, bus, device, 0), all_functions=True, end=at + 2)
    reading = _read_number(text, at + 1, _FUNCTION, grammar)
    if isinstance(reading, PciRefusal):
        return reading
    function, end = reading
    return _Address(SBDF(segment, bus, device, function), all_functions=False, end=end)


def _after_address(
    draft: _Draft, address: _Address, text: str, grammar: _Grammar
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


def _set(draft: _Draft, pair: _Pair, text: str, grammar: _Grammar) -> Problem | None:
    """Accept a pair, or return why not."""
    if pair.value_at < 0:
        return PciRefusal(pair.key_at, "key=value", silent=not grammar.exact)
    if pair.key not in _KEYS:
        blank = pair.key.strip() in _KEYS
        expected = f"{pair.key.strip()} without a blank" if blank else f"one of {', '.join(_KEYS)}"
        return PciRefusal(pair.key_at, expected, silent=False)
    if grammar.exact and pair.key in draft.given:
        return PciRefusal(pair.key_at, f"no second {pair.key}", silent=False)
    draft.given.add(pair.key)
    if pair.key in ("bdf", "vslot"):
        return _set_place(draft, pair, text[: pair.end], grammar)
    if pair.key == "name":
        if grammar.exact and not _NAME.fullmatch(pair.value):
            return PciRefusal(pair.value_at, "a name without blanks", silent=False)
        draft.name = pair.value
        return None
    if pair.key == "rdm_policy":
        return _set_policy(draft, pair, grammar)
    if grammar.exact and pair.value not in ("0", "1"):
        return PciRefusal(pair.value_at, "0 or 1: xl reads every word as 0", silent=False)
    draft.flags[pair.key] = _is_true(pair.value)
    return None


def _set_place(draft: _Draft, pair: _Pair, text: str, grammar: _Grammar) -> Problem | None:
    """Accept ``bdf=`` or ``vslot=``; 4.15 ignores what follows the number."""
    if pair.key == "bdf":
        address = _read_address(text, pair.value_at, grammar)
        if not isinstance(address, _Address):
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


def _set_policy(draft: _Draft, pair: _Pair, grammar: _Grammar) -> PciRefusal | None:
    """Accept ``rdm_policy=``, which 4.15 compares with the enumeration, ignoring case."""
    draft.policy = grammar.policies.get(pair.value if grammar.exact else pair.value.lower())
    if draft.policy is None:
        status = grammar.policy_exit_status
        return PciRefusal(pair.value_at, "strict or relaxed", silent=False, exit_status=status)
    return None


# Up to 4.14 -------------------------------------------------------------------------------

_OLD_NUMBERS = (_SEGMENT, _BUS, _Number("device", 2, 0xFF), _FUNCTION, _SLOT)
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


def _read_until_4_14(text: str, *, star_aborts: bool | None) -> PciText | Problem:
    """Return the settings from tokens between separators, each a whole number."""
    match = _OLD_ADDRESS.match(text)
    if not match:
        return PciRefusal(0, _ADDRESS, silent=True)
    star = match["function"] == "*"
    numbers: list[int] = []
    for number in _OLD_NUMBERS:
        token = match[number.name]
        value = 0 if token is None or (star and number is _FUNCTION) else _whole_number(token)
        if value is None or value > number.limit:
            return PciRefusal(match.start(number.name), number.expected, silent=True)
        numbers.append(value)
    segment, bus, device, function, slot = numbers
    draft = _Draft(vslot=slot)
    for pair in _pairs(text, match.end()):
        objection = _set_until_4_14(draft, pair)
        if objection:
            return objection
    if text.endswith(","):
        return PciRefusal(len(text), "key=value", silent=not draft.ignored)
    if star:
        return PciUndefined(match.start("function"), _STAR[star_aborts])
    if device > _DEVICE.limit:
        why = f"no such device: {device:#x} is above 0x1f"
        return PciUndefined(match.start("device"), why)
    draft.address = _Address(SBDF(segment, bus, device, function), all_functions=False, end=0)
    return draft.finish()


def _whole_number(token: str) -> int | None:
    """Return the number that is all of `token`, or None; the limit applies to its low 32 bits."""
    match = _WHOLE_TOKEN.fullmatch(token)
    return _uint32(match[1], match[2]) if match else None


def _set_until_4_14(draft: _Draft, pair: _Pair) -> PciRefusal | None:
    """Accept a pair, and ignore an unknown key."""
    if pair.value_at < 0:
        return PciRefusal(pair.key_at, "key=value", silent=not draft.ignored)
    if pair.key == "rdm_policy":
        if pair.value not in ("strict", "relaxed"):
            return PciRefusal(pair.value_at, "strict or relaxed", silent=False)
        draft.policy = PolicyWord(pair.value)
    elif pair.key in _FLAGS:
        draft.flags[pair.key] = _is_true(pair.value)
    else:
        draft.ignored.append(pair.key)
    return None
