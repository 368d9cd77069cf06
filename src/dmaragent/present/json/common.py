"""The common parts of JSON documents: origin, ranges, decisions.

Every document has format, version, origin and answer; the types are in ``schema``. ``origin``
contains the source of the answer, and can differ between a host and its recording. ``answer`` is
equal on both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent import __version__

if TYPE_CHECKING:  # the document of an error has none of these, and --version can end in one
    from dmaragent.addresses import AddressRange
    from dmaragent.inventory import Region
    from dmaragent.policy.decisions import Decision
    from dmaragent.policy.resolution import Stack
    from dmaragent.present.json.schema import common as schema

TOOL = f"dmaragent {__version__}"
"""The program that made a document."""


def region_range(region: Region) -> schema.LongRange:
    """Return the range of a region as its table has it; the limit is never below 0."""
    return {"base": f"0x{region.first:x}", "limit": f"0x{max(region.last, 0):x}"}


def range_object(span: AddressRange) -> schema.Range:
    """Return a range by its first and last byte; a range without pages has its base as both."""
    return {"base": f"0x{span.start:x}", "limit": f"0x{max(span.start, span.end - 1):x}"}


def decision_object(decision: Decision) -> schema.Decision:
    """Return one decision."""
    return {
        "decider": decision.decider.value,
        "effect": decision.effect.value,
        "reason": decision.reason,
        "rule": "" if decision.rule is None else decision.rule.source,
        "shown": decision.shown,
        "region": None if decision.region is None else range_object(decision.region),
        "device": None if decision.device is None else str(decision.device),
        "place": decision.place,
    }


def source_object(host: schema.Host, stack: Stack) -> schema.StackSource:
    """Return the source of an answer: the host, the library, and how the releases are known."""
    library = None if stack.library_answers is None else str(stack.library_answers.release)
    return {"host": host, "libxlutil": library, "rests_on": stack.origin}


def stack_origin(source: schema.StackSource) -> schema.PublishedStackOrigin:
    """Return the origin of an answer with this `source`; the agent adds its generation."""
    return {
        "tool": TOOL,
        "host": source["host"],
        "libxlutil": source["libxlutil"],
        "rests_on": source["rests_on"],
    }


def stack_object(stack: Stack) -> schema.Stack:
    """Return the toolstack and the releases that the answer applies to."""
    return {
        "toolstack": stack.toolstack.value,
        "release": str(stack.release),
        "hypervisor": str(stack.hypervisor),
        "documented": stack.documented,
    }
