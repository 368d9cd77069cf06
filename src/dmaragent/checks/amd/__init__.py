"""Rules about AMD's table, IVRS: its header, IOMMUs (IVHD), memory (IVMD) and damage."""
