"""The Scenes tab: open, choose dates, look. Imports ``session``."""
