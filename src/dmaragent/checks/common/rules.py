"""How a plain function becomes a rule, and what rules share in saying where they found it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity

MOST_TOLD = 8
"""How many things of a kind one hit names, and how many it shows the bytes of."""

Find = Callable[[Any], Iterable[Hit]]
"""A rule's function: of :class:`CheckFacts`, or of what the rules of its room look at."""


def rule(  # noqa: PLR0913 - a rule's facts, each by its name
    name: str,
    severity: Severity,
    title: str,
    *,
    xen: str,
    linux: str,
    advice: str,
    source: str,
    needs: Iterable[Need] = (),
    uses: Iterable[Need] = (),
) -> Callable[[Find], Rule]:
    """Make a rule of the function that finds its hits; the table is needed always."""

    def rule_of(find: Find) -> Rule:
        return Rule(
            id=name,
            severity=severity,
            title=title,
            xen=xen,
            linux=linux,
            advice=advice,
            source=source,
            needs=frozenset({Need.TABLE, *needs}),
            uses=frozenset(uses),
            find=find,
        )

    return rule_of


def evidence(facts: CheckFacts, offset: int, size: int, field: str, value: str) -> Evidence:
    """Show `size` bytes of the table at `offset`: the field they are, and what it says."""
    return Evidence(
        offset=offset, data=facts.content[offset : offset + size], field=field, value=value
    )


def some(names: Sequence[str]) -> str:
    """Name things in a sentence; of very many the first, and how many more there are."""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(names[:MOST_TOLD]) + more
