"""Behaviours that come and go with releases of Xen, as spans of releases; runs that behave alike."""

from collections.abc import Collection, Mapping
from itertools import groupby

from dmaragent.releases import Release

FIRST_SERIES, NEWEST_RELEASE = (4, 6), (4, 22)
"""The first and the last modelled series."""
Point = tuple[int, int, int]
END = (4, 99, 0)
"""The end of a span that has none yet."""
Spans = Mapping[str, tuple[tuple[Point, Point], ...]]
"""By behaviour: the releases that have it, as first and first without."""


class ReleaseSpans:
    """The runs of releases that have the same of some behaviours, none across a series."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        changes = {change for own in spans.values() for span in own for change in span}
        series = {(4, minor, 0) for minor in range(FIRST_SERIES[1], NEWEST_RELEASE[1] + 1)}
        self.steps = tuple(Release(*change) for change in sorted((changes | series) - {END}))
        """The first release of each run, oldest first."""
        self._of_series = {
            series: tuple(steps) for series, steps in groupby(self.steps, lambda step: step.series)
        }

    def steps_of(self, release: Release | None) -> tuple[Release, ...]:
        """Return the members of `steps` that may apply to `release`.

        There can be several if it has no point release.  If it is not modelled, the nearest
        modelled one applies.  Without a release, the newest applies.
        """
        if release is None or release.series > NEWEST_RELEASE:
            return (self.steps[-1],)
        if release.series < FIRST_SERIES:
            return (self.steps[0],)
        own = self._of_series[release.series]
        first = max(number for number, step in enumerate(own) if step.least <= release.least)
        return own[first:] if release.point is None else own[first : first + 1]

    def behaviours_at(self, step: Release) -> dict[str, bool]:
        """Return which behaviours the release `step`, a member of `steps`, has."""
        at = _key(step)
        return {name: any(a <= at < b for a, b in own) for name, own in self._spans.items()}

    def has_points(self, series: tuple[int, int]) -> bool:
        """Return whether point releases of `series` behave differently."""
        return len(self._of_series[series]) > 1

    def spans(self, steps: Collection[Release]) -> list[str]:
        """Return the releases of `steps`, members of `self.steps`, as spans in text."""
        runs: list[list[int]] = []
        for place in sorted(self.steps.index(step) for step in steps):
            if runs and place == runs[-1][1] + 1:
                runs[-1][1] = place
            else:
                runs.append([place, place])
        return [self._span_words(self.steps[first], last) for first, last in runs]

    def words(self, steps: Collection[Release]) -> str:
        """Return the releases of `steps`, members of `self.steps`, as text, merged into spans."""
        spans = self.spans(steps)
        if len(spans) > 2:
            spans = [", ".join(spans[:-1]), spans[-1]]
        return "Xen " + " and ".join(spans)

    def _span_words(self, first: Release, last: int) -> str:
        """Return the span from `first` to the end of the run ``steps[last]`` as text."""
        after = self.steps[last + 1] if last + 1 < len(self.steps) else None
        end = self.steps[last]
        whole = after is None or after.series != end.series
        if not whole and after is not None and after.point is not None:
            end_words = str(Release(*end.series, after.point - 1))
            if first.series != end.series and not first.point:
                return f"{series_words(first)} to {end_words}"
            return end_words if str(first) == end_words else f"{first} to {end_words}"
        if first.point and first.series == end.series:
            return f"{first} to the last {series_words(end)}"
        start = str(first) if first.point else series_words(first)
        return start if start == series_words(end) else f"{start} to {series_words(end)}"


def series_words(release: Release) -> str:
    """Return the series of `release` as text: ``4.17``."""
    return "{}.{}".format(*release.series)


def _key(release: Release) -> Point:
    return release.major, release.minor, release.point or 0
