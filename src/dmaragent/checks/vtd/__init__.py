"""Rules about Intel's table, DMAR: its header, units, regions, scopes, fields and damage."""
