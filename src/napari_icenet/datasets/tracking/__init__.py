"""Chips followed through windows of dates, as sequences need them. Imports ``matching``."""
