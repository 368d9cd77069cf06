"""Where an answer about guests and devices comes from: the host as it was given, and its lists."""

from dmaragent.policy.resolver import Stack
from dmaragent.present.wording import host_words
from dmaragent.xen.reserved_list.model import ListSource

_BARE = ("live", "table", "acpidump")
_LISTS = {
    ListSource.HYPERVISOR: "Xen's list",
    ListSource.PREDICTED: "a table, from which Xen's list is predicted",
    ListSource.UNKNOWN: "neither Xen's list nor a table",
}


def source_words(kind: str, path: str, stack: Stack, listed: ListSource | None) -> str:
    """Return what an answer about the host of `kind` at `path` rests on.

    What a bundle or a copy records is its maker's word: nothing proves that a host was so.
    `listed` is where Xen's list comes from; None: the answer is not Xen's.
    """
    library = f"libxlutil {stack.library_answers.release}" if stack.library_answers else ""
    lists = "" if listed is None else _LISTS[listed]
    what = ", ".join(word for word in (library, lists) if word) or "Linux's readings"
    recorded = "" if kind in _BARE else ", as it records"
    return f"{host_words(kind, path)}{recorded}: {what}"
