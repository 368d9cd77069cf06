"""Rules that look at the DMAR table: its header, units, scopes, fields and damage."""
