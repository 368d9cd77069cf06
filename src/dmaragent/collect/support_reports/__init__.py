"""A collector's report as a host: the files and texts that contain each reading."""
