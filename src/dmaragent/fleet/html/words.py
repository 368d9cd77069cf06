"""Sentences and labels that only the report of a fleet has."""

from __future__ import annotations

from dmaragent.policy.decisions import Verdict
from dmaragent.present.words.numbers import count

# The page -------------------------------------------------------------------------------

GLANCE = "At a glance"
CLASSES, LINUX_CLASSES = "Hosts by class", "Classes for KVM guests"
FIRMWARE = "Firmware by model"
ODD = "Odd hosts"
ERRORS = "Errors in tables"
NO_DATA = "Hosts without data"
GUESTS = "Guests"
UNKNOWN = "unknown"
XEN_UNKNOWN = "release unknown"
NOTHING_READ = "No document could be read"


def title(hosts: int) -> str:
    """Return the title of the page."""
    return f"Reserved device memory of {count(hosts, 'host')}"


def lead(hosts: int, classes: int, without: int) -> str:
    """Return what was read."""
    text = f"{count(hosts, 'host')} in {count(classes, 'class', 'classes')}"
    return f"{text}. {no_data_in_short(without)}." if without else f"{text}."


def no_data_in_short(hosts: int) -> str:
    """Return how many hosts have no data."""
    return f"No data for {count(hosts, 'host')}"


def part(first: int, last: int, total: int) -> str:
    """Return which rows of a table are below, by number."""
    return f"{first} of {total}" if first == last else f"{first}-{last} of {total}"


def more_rows(number: int, where: str) -> str:
    """Return how many rows the page leaves out, and the command that shows them."""
    return f"{count(number, 'more row')}: {where}"


def more_hosts(number: int) -> str:
    """Return how many names the page leaves out."""
    return f"{count(number, 'more host')}: dmaragent fleet show --details"


# At a glance ----------------------------------------------------------------------------


def several_firmwares(models: int) -> str:
    """Return how many models have more than one firmware."""
    return f"{count(models, 'model has', 'models have')} more than one firmware"


ONE_FIRMWARE = "Each model has one firmware"
NOT_SEVERAL = "No model has more than one known firmware"


def odd_in_short(hosts: int) -> str:
    """Return how many hosts are odd."""
    return f"{count(hosts, 'host differs', 'hosts differ')} from most of the same model"


def errors_in_short(hosts: int) -> str:
    """Return how many hosts have a table with errors."""
    return f"{count(hosts, 'host has', 'hosts have')} errors in the table"


def largest(hosts: int, label: str) -> str:
    """Return the size of the largest class."""
    return f"The largest is {label} with {count(hosts, 'host')}"


def guests_on_all(number: int, total: int) -> str:
    """Return how many guests start on every host."""
    if total == 1:
        return (
            "The guest starts on every host"
            if number
            else "The guest does not start on every host, or that is unknown"
        )
    return f"{number} of {total} guests start on every host"


def more_guests(number: int) -> str:
    """Return how many guests a short list leaves out."""
    return f"{count(number, 'more guest')}: see the list of guests"


# Classes and firmware -------------------------------------------------------------------

CLASSES_LEAD = (
    "Hosts of a class are alike in all that decides about a Xen guest, and were answered once."
)
LINUX_LEAD = "A KVM guest depends on more than a Xen guest, so its classes are finer."
CLASSES_CAPTION = "Classes, the largest first, each with its hosts"
CLASS_COLUMNS = (
    "Class",
    "Hosts",
    "Model",
    "Firmware",
    "Xen",
    "Linux",
    "Xen's list",
    "Table",
    "Regions",
)
FIRMWARE_LEAD = "Models with more than one firmware come first."
FIRMWARE_CAPTION = "Each model with its firmware"
FIRMWARE_COLUMNS = ("Model", "Firmware", "Hosts", "Classes")


def host_names(hosts: int) -> str:
    """Return the summary of a list of names."""
    return f"Names of {count(hosts, 'host')}"


def more_values(number: int) -> str:
    """Return how many more values the hosts of a class have."""
    return f"and {number} more"


def incomplete(why: str) -> str:
    """Return why regions may be missing."""
    return f"Regions may be missing: {why}"


def starts_column(guest: str) -> str:
    """Return the head of the column of a guest in the table of firmware."""
    return f"{guest} starts on"


# Odd hosts, errors, no data -------------------------------------------------------------

ODD_LEAD = "At least three quarters of the hosts of the model have the usual value."
ODD_CAPTION = "Hosts that differ from most of the same model"
ODD_COLUMNS = ("Hosts", "Differ in", "Value", "Usual", "Model")
DIFFERS = {
    "firmware": "firmware",
    "table": "table",
    "xen": "Xen",
    "list": "source of Xen's list",
}
ERRORS_LEAD = "For the findings of one host, run: dmaragent check --host FILE"
ERRORS_CAPTION = "Hosts whose table has errors"
ERRORS_COLUMNS = ("Hosts", "Number", "Errors", "Warnings")
NO_DATA_LEAD = "No answer is guessed for these hosts."
NO_DATA_CAPTION = "Hosts without data, by reason"
NO_DATA_COLUMNS = ("Reason", "Number", "Hosts")
WHY = {
    "absent": "no document",
    "stale": "too old",
    "unreadable": "unreadable",
    "newer-format": "made by a newer dmaragent",
    "replaced": "replaced by a newer document",
}


def detail(text: str, next_step: str) -> str:
    """Return why hosts have no data, and what to do."""
    return f"{text}. Next: {next_step}." if next_step else f"{text}."


# Guests ---------------------------------------------------------------------------------

GUESTS_LEAD = "Each guest was resolved on one host of each class."
XEN_CAPTION = "Xen guests on the largest classes; the number of hosts is in parentheses"
KVM_CAPTION = "KVM guests on the largest classes for KVM; the number of hosts is in parentheses"
GUEST_COLUMN, STARTS_COLUMN, OTHERS_COLUMN = "Guest", "Starts on", "Other classes"
_VERDICTS = {
    Verdict.STARTS: "starts",
    Verdict.REFUSED: "will not start",
    Verdict.UNDECIDED: "unknown",
}


def verdict_words(verdict: Verdict, *, risk: bool) -> str:
    """Return a verdict in a word or three."""
    return f"{_VERDICTS[verdict]} with risk" if risk else _VERDICTS[verdict]


def column(label: str, hosts: int) -> str:
    """Return the head of the column of a class."""
    return f"{label} ({hosts})"


def part_of(starting: int, unknown: int, total: int) -> str:
    """Return on how many hosts a guest starts."""
    return f"{starting} of {total}{f' ({unknown} unknown)' if unknown else ''}"


def reasons(number: int) -> str:
    """Return the summary of the verdicts on a guest with their reasons."""
    return "Reason and fix" if number == 1 else f"Reasons and fixes: {number} groups of classes"


def hosts_in(hosts: int, classes: int) -> str:
    """Return the size of a group of classes."""
    return f"{count(hosts, 'host')} in {count(classes, 'class', 'classes')}"


def more_classes(number: int) -> str:
    """Return how many labels a list leaves out."""
    return f"and {number} more"


NOT_TRIED = "Fixes were not tried: dmaragent fleet resolve --details tries them on all classes."
NO_FIX = "No fix was found."


def first_fix(text: str) -> str:
    """Return the fix that was tried on the class."""
    return f"First fix, tried on this class: {text}"


def more_groups(groups: int, hosts: int) -> str:
    """Return how many groups of classes the page leaves out."""
    return (
        f"{count(groups, 'more group')} of classes with {count(hosts, 'host')}: "
        "dmaragent fleet resolve GUEST --on DIR --details"
    )
