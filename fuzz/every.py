"""All kinds of input, by name."""

from fuzz import (
    acpidump,
    amd,
    bundles,
    formats,
    guests,
    machines,
    messages,
    requests,
    settings,
    tables,
    texts,
)
from fuzz.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        tables.KIND,
        tables.IVRS_KIND,
        amd.KIND,
        acpidump.KIND,
        texts.KIND,
        *guests.KINDS,
        *formats.KINDS,
        *settings.KINDS,
        messages.KIND,
        machines.KIND,
        bundles.KIND,
        requests.KIND,
    )
}
