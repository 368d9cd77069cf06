"""Archives and packed files, read into memory within limits."""
