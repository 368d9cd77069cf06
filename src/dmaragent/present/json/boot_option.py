"""The parts of a boot option's document that ``rmrr=`` and ``ivmd=`` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.boot_option.boot_loaders import grub_default

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmaragent.boot_option.model import OptionHost, SiftedFaults
    from dmaragent.iommu.model import IommuTable
    from dmaragent.present.json.schema import boot_option as schema


def target(on: OptionHost, table: IommuTable | None) -> schema.Target:
    """Return the host that the option is for; `table` is the one that decides about it."""
    return {
        "xen": None if on.release is None else str(on.release),
        "table": table is not None,
    }


def option_forms(words: Sequence[str], together: str | None) -> schema.Option:
    """Return `words` and `together`, the same as one word, ready to paste."""
    several = " ".join(words)
    return {
        "words": several,
        "one_word": together,
        "grub": grub_default(several),
        "grub_one_word": None if together is None else grub_default(together),
    }


def faults_object(faults: SiftedFaults) -> schema.Faults:
    """Return how many faults the log has, and which were left out."""
    return {
        "by_xen": faults.by_xen,
        "by_linux": faults.by_linux,
        "given": list(faults.given),
        "dropped": list(faults.dropped),
    }
