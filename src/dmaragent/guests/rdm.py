"""``rdm=``: strategy and policy, as documented and as each libxlutil reads them.

The grammar of both: pairs ``key=value`` with commas between them, without quoting and without
blanks; a key runs to the next ``=``, a value to the next ``,`` or the end.  xl ignores a string
that libxlutil refuses (xl_parse.c, ``parse_config_data``), often without a word.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import MIB
from dmaragent.xen.toolstack.libxl import LibxluBehaviour

DEFAULT_BOUNDARY = 2048 * MIB
"""``rdm_mem_boundary`` where it is not set: libxl.h, LIBXL_RDM_MEM_BOUNDARY_MEMKB_DEFAULT."""
SMALLEST_HOLE = 256 * MIB
"""The least MMIO hole below 4 GiB of an HVM guest: HVM_BELOW_4G_MMIO_LENGTH."""


class Strategy(Enum):
    """Which of the host's regions are reserved: libxl_types.idl, ``rdm_reserve_strategy``."""

    IGNORE = "ignore"
    """Those of the guest's devices."""
    HOST = "host"
    """All."""


class Policy(Enum):
    """What happens on conflict: libxl_types.idl, ``rdm_reserve_policy``.

    Who builds a request has applied the defaults (guest: relaxed; device: strict), as far
    as the release does so by then.
    """

    STRICT = "strict"
    """The guest does not start."""
    RELAXED = "relaxed"
    """The region is not reserved, with a warning."""
    INVALID = "invalid"
    """Not set, and no default applied yet: the guest is never told of the region."""
    NEITHER = "neither"
    """A number that is no policy, from memory that was never written.

    libxl takes it for relaxed when it builds the guest, and refuses to add a device with it.
    """


_KEYS = ("strategy", "policy")
_POLICIES = {policy.value: policy for policy in (Policy.STRICT, Policy.RELAXED)}


@dataclass(frozen=True, slots=True)
class RdmText:
    """What the string sets.

    None is a setting that it leaves out.  As documented, that one is then unset; as shipped
    it is whatever an uninitialised variable held, so every value is possible.
    """

    strategy: Strategy | None
    policy: Policy | None


@dataclass(frozen=True, slots=True)
class RdmRefusal:
    """Why the string is refused."""

    position: int
    """The offset in the string, in characters, of what is wrong."""
    expected: str
    """What should stand there, in words."""
    silent: bool
    """Whether libxlutil has printed nothing by then; False of a string refused as documented."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """One ``key=value`` of the string, and where both begin."""

    key_at: int
    key: str
    value_at: int
    value: str


def read_rdm_documented(text: str) -> RdmText | RdmRefusal:
    """Read ``rdm=`` as xl.cfg(5) has it: either key or both, each once, in any order."""
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
    """Read ``rdm=`` as libxlutil of `behaviour` does."""
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
        printed = printed or mistaken  # of a policy that it does not know, and leaves out
    if behaviour.rdm_in_fixed_order and "policy" not in seen:
        return RdmRefusal(len(text), ",policy=", silent=True)
    return RdmText(
        Strategy.HOST if "strategy" in seen else None, _POLICIES.get(seen.get("policy", ""))
    )


def _objection(pair: _Pair, behaviour: LibxluBehaviour, place: int) -> tuple[int, str] | None:
    """Return where and why libxlutil stops at the pair at `place`, if it does."""
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
