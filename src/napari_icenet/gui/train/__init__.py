"""The Train tab. Imports its pages and ``session``."""
