"""The verbs, a small module each.  What costs time is imported when a verb runs."""

from dmaragent.commands import decode, encode, explain, hotplug, inventory, resolve

VERBS = (inventory, explain, resolve, hotplug, decode, encode)
