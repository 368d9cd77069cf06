"""The answers of the installed libxlutil."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dmaragent.guests.rdm import Policy, RdmRefusal, RdmText, Strategy
from dmaragent.releases import Release

BINARY_NUMBER = "0b1"
"""The number that is tried with a library, if a guest has a number with 0b."""

_STRATEGIES = {0: Strategy.IGNORE, 1: Strategy.HOST}
_POLICIES = {0: Policy.STRICT, 1: Policy.RELAXED}


@dataclass(frozen=True, slots=True)
class LibraryAnswers:
    """The answers of one library."""

    release: Release
    rdm: Mapping[str, RdmText | RdmRefusal] = field(default_factory=dict)
    pci: Mapping[str, bool] = field(default_factory=dict)
    """Whether it accepts an entry of ``pci=``."""
    binary: bool | None = None
    """Whether it reads 0b as the prefix of a binary number; None if that was not tried."""

    @property
    def read_settings(self) -> bool:
        """Whether it read a setting of a guest or an entry; if not, it only tells its release."""
        return bool(self.rdm or self.pci or self.binary is not None)


def read_library_answers(output: bytes) -> LibraryAnswers | None:
    """Read the output of ``collect/live/libxlutil.py``; None if there is no library.

    Unexpected parts are ignored: the library may have crashed on a text.
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
