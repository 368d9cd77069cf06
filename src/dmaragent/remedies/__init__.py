"""Remedies for guests and for devices: what they share, beginning with their order."""
