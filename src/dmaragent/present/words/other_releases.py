"""The verdicts on a guest with other releases of Xen."""

from collections.abc import Iterator, Mapping

from dmaragent.policy.decisions import Verdict
from dmaragent.policy.resolution import OtherReleases, Resolution
from dmaragent.present.words.guest import VERDICT_WORDS, release_words

ReleaseVerdict = tuple[Verdict, bool]
"""A verdict, and whether it is that the guest starts with a warning."""


def by_release(
    others: Mapping[Verdict, tuple[str, ...]],
) -> Mapping[ReleaseVerdict, tuple[str, ...]]:
    """Return `others` with the releases apart with which the guest starts with a warning."""
    known = others.warned if isinstance(others, OtherReleases) else {}
    apart: dict[ReleaseVerdict, tuple[str, ...]] = {}
    for verdict, spans in others.items():
        parts = known if verdict is Verdict.STARTS and known else {False: spans}
        apart |= {(verdict, warned): own for warned, own in parts.items()}
    return apart


def release_verdict(resolution: Resolution) -> ReleaseVerdict:
    """Return the verdict of one guest, as :func:`by_release` lists it."""
    starts = resolution.verdict is Verdict.STARTS
    return resolution.verdict, starts and bool(resolution.reasons)


def release_verdict_words(verdict: ReleaseVerdict) -> str:
    """Return a verdict of other releases in words."""
    word, warned = VERDICT_WORDS[verdict[0]], verdict[1]
    return f"{word}, with a warning" if warned else word


def other_releases_words(
    resolution: Resolution, others: Mapping[Verdict, tuple[str, ...]]
) -> Iterator[str]:
    """Yield each other verdict with the releases of Xen that give it."""
    for other, spans in by_release(others).items():
        if other != release_verdict(resolution):
            yield f"With {release_words(spans)}: {release_verdict_words(other)}"
