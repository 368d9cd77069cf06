"""The verbs, a small module each.  What costs time is imported when a verb runs."""

from dmaragent.commands import decode, encode, hotplug, inventory, resolve

VERBS = (inventory, resolve, hotplug, decode, encode)
