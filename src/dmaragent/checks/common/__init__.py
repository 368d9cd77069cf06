"""Rules about regions of any vendor's table, and the parts that all rules share."""
