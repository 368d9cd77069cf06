"""``rdm=``: strategy and policy, as documented and as each libxlutil reads them.

Both have pairs ``key=value`` with commas between them, without quotes and without blanks. A key
ends at the next ``=``, a value at the next ``,`` or the end. xl ignores a string that libxlutil
refuses (xl_parse.c, ``parse_config_data``), often without a message.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import MIB
from dmaragent.xen.toolstack.libxl import LibxluBehaviour

DEFAULT_BOUNDARY = 2048 * MIB
"""The default of ``rdm_mem_boundary``: libxl.h, LIBXL_RDM_MEM_BOUNDARY_MEMKB_DEFAULT."""
SMALLEST_HOLE = 256 * MIB
"""The least MMIO hole below 4 GiB of an HVM guest: HVM_BELOW_4G_MMIO_LENGTH."""


class Strategy(Enum):
    """Which of the host's regions libxl reserves: libxl_types.idl, ``rdm_reserve_strategy``."""

    IGNORE = "ignore"
    """Those of the guest's devices."""
    HOST = "host"
    """All."""


class Policy(Enum):
    """The effect of a conflict: libxl_types.idl, ``rdm_reserve_policy``.

    Defaults (guest: relaxed; device: strict) are applied before, as far as the release does so by
    then.
    """

    STRICT = "strict"
    """The guest does not start."""
    RELAXED = "relaxed"
    """The region is not reserved, with a warning."""
    INVALID = "invalid"
    """Unset, before a default is applied: the guest's memory map does not show the region."""
    NEITHER = "neither"
    """A number that is not a policy, from uninitialized memory. libxl treats it as relaxed when it
    builds the guest, and refuses to add a device with it."""


_KEYS = ("strategy", "policy")
_POLICIES = {policy.value: policy for policy in (Policy.STRICT, Policy.RELAXED)}


@dataclass(frozen=True, slots=True)
class RdmText:
    """The settings of the string; None: omitted.

    As documented, an omitted setting is unset. As shipped, it is the value of an uninitialized
    variable, so every value is possible.
    """

    strategy: Strategy | None
    policy: Policy | None


@dataclass(frozen=True, slots=True)
class RdmRefusal:
    """The reason for which the string is refused."""

    position: int
    """The offset of the error in the string, in characters."""
    expected: str
    """What is expected at that offset, in words."""
    silent: bool
    """Whether libxlutil prints nothing; False for a string that the documentation refuses."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """One ``key=value`` of the string, and the starts of both."""

    key_at: int
    key: str
    value_at: int
    value: str


def read_rdm_documented(text: str) -> RdmText | RdmRefusal:
    """Return ``rdm=`` as xl.cfg(5) documents it: either key or both, each once, in any order."""
    seen: dict[str, str] = {}
    for pair in _pairs(text):
        if isinstance(pair, RdmRefusal):
            return RdmRefusal(pair.position, pair.expected, silent=False)
        if pair.key not in _KEYS:
            blank = pair.key.strip() in _KEYS
            expected = f"{pair.key.strip()} without a blank" if blank else "strategy or policy"
            return RdmRefusal(pair.key_at, expected, silent=False)
        if pair.key in seen:
            return RdmRefusal(pair.key_at, f"no second {pair.key}", silent=False)
        seen[pair.key] = pair.value
        known = ["host"] if pair.key == "strategy" else list(_POLICIES)
        if pair.value not in known:
            return RdmRefusal(pair.value_at, " or ".join(known), silent=False)
    return RdmText(
        Strategy(seen["strategy"]) if "strategy" in seen else None,
        Policy(seen["policy"]) if "policy" in seen else None,
    )


def read_rdm_shipped(text: str, behaviour: LibxluBehaviour) -> RdmText | RdmRefusal:
    """Return ``rdm=`` as libxlutil of `behaviour` reads it."""
    seen: dict[str, str] = {}
    printed = False
    for place, pair in enumerate(_pairs(text)):
        if isinstance(pair, RdmRefusal):
            return RdmRefusal(pair.position, pair.expected, silent=not printed)
        mistaken = behaviour.rdm_takes_policy_wrongly and pair.key == "policy"
        objection = _objection(pair, behaviour, place)
        if objection:
            return RdmRefusal(*objection, silent=mistaken and not printed)
        seen[pair.key] = pair.value
        printed = printed or mistaken  # an unknown policy, which it ignores
    if behaviour.rdm_in_fixed_order and "policy" not in seen:
        return RdmRefusal(len(text), ",policy=", silent=True)
    return RdmText(
        Strategy.HOST if "strategy" in seen else None, _POLICIES.get(seen.get("policy", ""))
    )


def _objection(pair: _Pair, behaviour: LibxluBehaviour, place: int) -> tuple[int, str] | None:
    """Return the refusal of the pair at `place` by libxlutil, if there is one."""
    keys = _KEYS[place : place + 1] if behaviour.rdm_in_fixed_order else _KEYS
    if pair.key not in keys:
        blank = "without a blank before or after it" if pair.key.strip() in keys else ""
        return pair.key_at, " ".join([" or ".join(keys) or "the end", blank]).strip()
    if pair.key == "strategy":
        return None if pair.value == "host" else (pair.value_at, "host")
    if behaviour.rdm_takes_policy_wrongly:
        # "invalid" is a name of the enumeration too, and names are compared without case
        known = pair.value.lower() in (*_POLICIES, "invalid")
        return (
            (pair.value_at, "no policy=: this release fails on every valid one") if known else None
        )
    return None if pair.value in _POLICIES else (pair.value_at, " or ".join(_POLICIES))


def _pairs(text: str) -> Iterator[_Pair | RdmRefusal]:
    """Yield the pairs of `text`, and at the end a refusal if it does not end after a value."""
    at = 0
    while True:
        equals = text.find("=", at)
        if equals < 0:
            yield RdmRefusal(at, "strategy=host or policy=strict|relaxed", silent=True)
            return
        comma = text.find(",", equals)
        end = len(text) if comma < 0 else comma
        yield _Pair(at, text[at:equals], equals + 1, text[equals + 1 : end])
        if comma < 0:
            return
        at = comma + 1
