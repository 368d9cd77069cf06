"""What the libxlutil that is installed answered, as the policy layer takes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dmaragent.guests.rdm import Policy, RdmRefusal, RdmText, Strategy
from dmaragent.releases import Release

BINARY_NUMBER = "0b1"
"""The number that a library is asked about, if a guest has any with 0b."""

_STRATEGIES = {0: Strategy.IGNORE, 1: Strategy.HOST}
_POLICIES = {0: Policy.STRICT, 1: Policy.RELAXED}


@dataclass(frozen=True, slots=True)
class LibraryAnswers:
    """The answers of one library."""

    release: Release
    rdm: Mapping[str, RdmText | RdmRefusal] = field(default_factory=dict)
    pci: Mapping[str, bool] = field(default_factory=dict)
    """Whether it takes an entry of ``pci=``."""
    binary: bool | None = None
    """Whether it reads 0b as the prefix of a binary number; None if it was not asked."""


def read_library_answers(output: bytes) -> LibraryAnswers | None:
    """Read what ``collect/live/libxlutil.py`` wrote; None if there is no library.

    What is not as expected is left out: the library may have died on a text.
    """
    release, rdm, pci, binary = None, {}, {}, None
    for line in output.splitlines():
        try:
            kind, text, *rest = json.loads(line)
            if kind == "library":
                release = Release.parse(text)
            elif kind == "rdm":
                rdm[str(text)] = _rdm(rest)
            elif kind == "pci":
                pci[str(text)] = rest[0] == 0
            elif kind == "number" and text == BINARY_NUMBER:
                binary = rest[0] is not None
        except (ValueError, TypeError, IndexError, KeyError, RecursionError):
            continue
    return None if release is None else LibraryAnswers(release, rdm, pci, binary)


def _rdm(answer: list[Any]) -> RdmText | RdmRefusal:
    code, strategy, policy, printed = answer
    if code:
        return RdmRefusal(0, "something else", silent=not printed)
    return RdmText(
        None if strategy is None else _STRATEGIES[strategy],
        None if policy is None else _POLICIES[policy],
    )
