"""Rules that look at regions, whichever table they are from, and what all rules share."""
