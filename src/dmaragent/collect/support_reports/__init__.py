"""A collector's report as a host: which of its files and texts hold which reading."""
