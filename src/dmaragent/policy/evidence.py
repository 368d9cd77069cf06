"""What the libxlutil that is installed answered, as the policy layer takes it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dmaragent.policy.model import Policy, Strategy
from dmaragent.policy.rdm_text import RdmRefusal, RdmText
from dmaragent.releases import Release

_STRATEGIES = {0: Strategy.IGNORE, 1: Strategy.HOST}
_POLICIES = {0: Policy.STRICT, 1: Policy.RELAXED}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The answers of one library."""

    release: Release
    rdm: Mapping[str, RdmText | RdmRefusal] = field(default_factory=dict)
    pci: Mapping[str, bool] = field(default_factory=dict)
    """Whether it takes an entry of ``pci=``."""


def read_evidence(output: bytes) -> Evidence | None:
    """Read what ``collect/libxlutil.py`` wrote; None where there is no library.

    What is not as expected is left out: the library may have died on a text.
    """
    release, rdm, pci = None, {}, {}
    for line in output.splitlines():
        try:
            kind, text, *rest = json.loads(line)
            if kind == "library":
                release = Release.parse(text)
            elif kind == "rdm":
                rdm[str(text)] = _rdm(rest)
            elif kind == "pci":
                pci[str(text)] = rest[0] == 0
        except (ValueError, TypeError, IndexError, KeyError, RecursionError):
            continue
    return None if release is None else Evidence(release, rdm, pci)


def _rdm(answer: list[Any]) -> RdmText | RdmRefusal:
    code, strategy, policy, printed = answer
    if code:
        return RdmRefusal(0, "something else", silent=not printed)
    return RdmText(
        None if strategy is None else _STRATEGIES[strategy],
        None if policy is None else _POLICIES[policy],
    )
