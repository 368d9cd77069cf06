"""The only code that looks at a host: see ``ledger.py`` for all it reads and why."""
