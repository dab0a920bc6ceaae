"""A run on disk: its folder, status, log and process. Imported by all other rooms of ``training``."""
