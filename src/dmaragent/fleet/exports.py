"""The features of a host as files of schedulers: NFD's feature file, Nova's provider file.

Pure.  Both have only what is known.  NFD: docs/usage/customization-guide.md, "Feature files"; a value
is that of a Kubernetes label.  Nova: doc/source/admin/managing-resource-providers.rst, schema 1.0.
"""

import json
from collections.abc import Iterator

from dmaragent.fleet.features import HostFeatures
from dmaragent.present.json.common import TOOL

NAMESPACE = "dmaragent.io"
_TRAIT = "CUSTOM_DMARAGENT_"
"""Nova accepts only custom traits."""


def nfd_text(features: HostFeatures, expires: str = "") -> str:
    """Return the feature file of a host; NFD ignores it after `expires`, a time of RFC 3339."""
    lines = [_comment(features), f"# +expiry-time={expires}"] if expires else [_comment(features)]
    lines += [f"{NAMESPACE}/{name}={value}" for name, value in _labels(features)]
    return "".join(f"{line}\n" for line in lines)


def _labels(features: HostFeatures) -> Iterator[tuple[str, str]]:
    named = {
        "xen-class": features.xen_class,
        "linux-class": features.linux_class,
        "table-digest": features.table_digest,
        "regions": "" if features.regions is None else str(features.regions),
    }
    yield from ((name, value) for name, value in named.items() if value)
    for name, kind in features.kinds.items():
        if not kind.unknown:
            yield f"{name}-allowed", str(kind.allowed)
            yield f"{name}-conditional", str(kind.conditional)
            yield f"{name}-blocked", str(kind.blocked)


def nova_text(features: HostFeatures) -> str:
    """Return the provider file of a host, for the node of the nova-compute that reads it."""
    traits = list(_traits(features))
    lines = [
        _comment(features),
        "meta:",
        "  schema_version: '1.0'",
        "providers:",
        "  - identification:",
        "      uuid: '$COMPUTE_NODE'",
        "    traits:",
        "      additional:" if traits else "      additional: []",
        *(f"        - '{trait}'" for trait in traits),
    ]
    return "".join(f"{line}\n" for line in lines)


def _traits(features: HostFeatures) -> Iterator[str]:
    named = {
        "XEN_CLASS": features.xen_class,
        "LINUX_CLASS": features.linux_class,
        "TABLE": features.table_digest,
    }
    yield from (f"{_TRAIT}{name}_{value.upper()}" for name, value in named.items() if value)
    if features.regions == 0:
        yield f"{_TRAIT}NO_REGIONS"
    for name, kind in features.kinds.items():
        if kind.allowed:
            yield f"{_TRAIT}{name.upper()}_ALLOWED"
        if kind.blocked:
            yield f"{_TRAIT}{name.upper()}_BLOCKED"


def _comment(features: HostFeatures) -> str:
    return f"# {TOOL}, host {json.dumps(features.name)}"
