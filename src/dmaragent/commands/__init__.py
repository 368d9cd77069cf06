"""The verbs, a small module each.  What costs time is imported when a verb runs."""

from dmaragent.commands import decode, encode, explain, hotplug, inventory, resolve, rmrr_option

VERBS = (inventory, explain, resolve, hotplug, rmrr_option, decode, encode)
