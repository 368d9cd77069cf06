"""A guard on answers: every document of every recorded machine, between two commits."""
