"""The only code that reads a host; ``ledger.py`` lists everything it reads, and why."""
