"""Sentences about the differences of two states of a fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.fleet.words import UNKNOWN
from dmaragent.policy.decisions import Verdict
from dmaragent.present.words.numbers import count

if TYPE_CHECKING:  # which imports these sentences
    from dmaragent.fleet.diff import Change, FleetDifference, GuestChange

ELSEWHERE = "elsewhere"
"""The value of a change of `regions` that only moved them."""
_FACTS = {
    "model": "model",
    "firmware": "firmware",
    "xen": "Xen",
    "linux": "Linux",
    "list": "source of Xen's list",
    "table": "table",
}


def diff_headline(difference: FleetDifference) -> str:
    """Return how many hosts changed, and how many did not."""
    changed = sum(len(entry.hosts) for entry in difference.changed)
    return f"{count(changed, 'host')} changed, {difference.same} did not"


def change(fact: Change) -> str:
    """Return one difference of a host as a sentence without a full stop."""
    before, after = fact.before or UNKNOWN, fact.after or UNKNOWN
    if fact.what == "regions":
        if fact.after == ELSEWHERE:
            return f"the same {count(int(before), 'region')} at other addresses"
        if before == after:
            return f"{count(int(after), 'region')} of other sizes or devices"
        return f"regions: {before}, now {after}"
    if fact.what == "facts":
        return "devices, options or hardware features changed: dmaragent diff shows them"
    return f"{_FACTS[fact.what]}: {before}, now {after}"


def guest_change(of: GuestChange) -> str:
    return f"{of.guest}: {_VERDICT_WORDS[of.before]}, now {_VERDICT_WORDS[of.after]}"


_VERDICT_WORDS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "will not start",
    Verdict.UNDECIDED: "unknown",
}
ONLY_BEFORE = "Only before"
ONLY_AFTER = "Only now"
EARLIER = "earlier document "
LATER = "later document "
NOT_COMPARED = "Not compared, because a document has no data"


def more_changes(entries: int, hosts: int) -> str:
    return f"{count(entries, 'more change')} of {count(hosts, 'host')}: add --details"
