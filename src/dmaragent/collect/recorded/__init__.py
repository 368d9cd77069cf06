"""Recorded and copied machines, read like this one."""
