"""The decorator that makes a rule of a plain function, and what all rules use."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity

MOST_TOLD = 8
"""How many things of a kind one hit lists, and of how many it shows the bytes."""

Find = Callable[[Any], Iterable[Hit]]
"""A rule's function: its argument is :class:`CheckFacts`, or the facts of its own package."""


def rule(  # noqa: PLR0913 - a rule's facts, each by its name
    name: str,
    severity: Severity,
    title: str,
    *,
    xen: str,
    linux: str,
    advice: str,
    advice_without_preboot: str = "",
    details: str = "",
    source: str,
    needs: Iterable[Need] = (),
    uses: Iterable[Need] = (),
) -> Callable[[Find], Rule]:
    """Return a decorator that makes a rule of a function; every rule needs the table."""

    def rule_of(find: Find) -> Rule:
        return Rule(
            id=name,
            severity=severity,
            title=title,
            xen=xen,
            linux=linux,
            advice=advice,
            advice_without_preboot=advice_without_preboot,
            details=details,
            source=source,
            needs=frozenset({Need.TABLE, *needs}),
            uses=frozenset(uses),
            find=find,
        )

    return rule_of


def evidence(facts: CheckFacts, offset: int, size: int, field: str, value: str) -> Evidence:
    """Return `size` bytes of the table at `offset` as evidence: their field and its value."""
    return Evidence(
        offset=offset, data=facts.content[offset : offset + size], field=field, value=value
    )


def numbers(ascending: Iterable[int]) -> str:
    """Return ascending numbers as spans: ``1-3, 5``."""
    spans: list[list[int]] = []
    for number in ascending:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def some(names: Sequence[str]) -> str:
    """Return names as a list in a sentence; of many the first, and how many more there are."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more
