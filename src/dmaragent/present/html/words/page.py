"""The page around the parts, and what is seen at a glance."""

from dmaragent.answers.devices import Verdict
from dmaragent.passthrough.model import Can
from dmaragent.policy.decisions import Harm
from dmaragent.policy.decisions import Verdict as GuestVerdict
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.html.words import GUEST_VERDICTS
from dmaragent.present.words.devices import SIDES, verdict_words
from dmaragent.present.words.numbers import count

# The page -------------------------------------------------------------------------------

UNNAMED_HOST = "a host"
SKIP = "Skip to the report"
CONTENTS = "Contents"
COPY = "Copy"


def title(host: str) -> str:
    """Return the title of the page."""
    return f"Reserved device memory of {host}"


def made_by(version: str) -> str:
    """Return what wrote the page."""
    return f"Written by dmaragent {version}."


def copy(what: str) -> str:
    """Return the name of a button that copies `what`."""
    return f"{COPY}: {what}"


# At a glance ----------------------------------------------------------------------------

GLANCE = "At a glance"
NO_TABLE = "No table"
NEXT = "Next"
DAMAGED = "The table is damaged"


def devices_in_short(number: int, total: int, verdict: Verdict, side: str) -> str:
    """Return how many devices have a verdict from `side`: ``8 of 13 devices blocked on Linux``."""
    what = f"{verdict_words(verdict)} on {SIDES[side]}"
    if verdict == Verdict(Can.CONDITIONS):
        what = f"allowed on {SIDES[side]} under conditions"
    if number == total:
        return f"{'The one device is' if total == 1 else f'All {total} devices'} {what}"
    return f"{number} of {count(total, 'device')} {what}"


def guests_in_short(number: int, total: int, verdict: GuestVerdict) -> str:
    """Return how many guests have a verdict: ``1 of 3 guests will not start``."""
    which = f"All {total} guests" if number == total else f"{number} of {total} guests"
    return f"{which}{GUEST_VERDICTS[verdict]}"


def guest_alone(name: str, verdict: GuestVerdict) -> str:
    """Return the verdict on the only guest of a report."""
    return f"Guest {name}{GUEST_VERDICTS[verdict]}"


def guests_with_risk(number: int, total: int, harm: Harm) -> str:
    """Return how many guests start although DMA can overwrite RAM: theirs, or the host's."""
    which = "The guest" if total == 1 else f"{number} of {total} guests"
    verb = "starts" if number == 1 else "start"
    return f"{which} {verb}, but {HARM_WORDS[harm]}"


def more_guests(number: int) -> str:
    """Return how many guests a short list leaves out."""
    return f"{count(number, 'more guest')}: see the list of guests"


def damage_effect(*, decoded: bool) -> str:
    """Return what damage of the table means for the report."""
    return "regions may be missing" if decoded else "nothing could be decoded"


def lost_paths(number: int) -> str:
    """Return how many paths of the table lead to no known device."""
    return f"{count(number, 'path')} of the table to unknown or absent devices"
