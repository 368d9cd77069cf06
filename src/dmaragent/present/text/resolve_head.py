"""The head of a resolution: verdict, reason and remedy within ten lines, whatever is in it."""

from collections.abc import Iterator

from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolver import Resolution
from dmaragent.present.escaping import shorten
from dmaragent.present.text.tables import labelled, paragraph
from dmaragent.present.words.guest import (
    VERDICT_WORDS,
    first_remedy_words,
    list_words,
    reason_words,
    stack_words,
    why_it_starts,
)
from dmaragent.present.words.numbers import count
from dmaragent.remedies.guests.trial import Remedies

MOST_NAME = 40
"""Characters of a name or a device that the first line shows."""


_MOST_PLACE = 80
"""How much of a place does not count where the reason behind it is shortened."""


def head_text(resolution: Resolution, helps: Remedies) -> Iterator[str]:
    """Give verdict, reason and remedy: ten lines at most."""
    guest = resolution.guest
    name = shorten(guest.name or guest.source, MOST_NAME)
    verdict = VERDICT_WORDS[resolution.verdict]
    warned = len(resolution.reasons) if resolution.verdict is Verdict.STARTS else 0
    verdict += f", with {count(warned, 'warning')}" if warned else ""
    yield from paragraph(f"{name}: {verdict} ({stack_words(resolution.stack)})", hang=2)
    lost = "".join(f"; {one}" for one in resolution.settings.ignored_settings)
    if resolution.reasons:
        more = len(resolution.reasons) - 1
        rest = f" ({count(more, 'more reason')} below)" if more else ""
        first = resolution.reasons[0]
        why = shorten(reason_words(first), 200 + min(len(first.place), _MOST_PLACE))
        yield from labelled("Why", f"{why}{shorten(lost, 60)}{rest}")
    else:
        yield from labelled("Why", shorten(why_it_starts(resolution) + lost))
    yield from labelled("Remedy", first_remedy_words(resolution, helps))
    limits = [resolution.stack.origin, *list_words(resolution.host)]
    yield from labelled("Rests on", shorten("; ".join(one for one in limits if one), 200))
