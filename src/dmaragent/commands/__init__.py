"""The verbs, a small module each.  What costs time is imported when a verb runs."""

from dmaragent.commands import (
    agent,
    check,
    decode,
    diff,
    dump,
    encode,
    explain,
    hotplug,
    inventory,
    report,
    resolve,
    rmrr_option,
    status,
    why,
)

VERBS = (
    inventory,
    check,
    explain,
    why,
    resolve,
    hotplug,
    diff,
    rmrr_option,
    report,
    dump,
    decode,
    encode,
    status,
    agent,
)
