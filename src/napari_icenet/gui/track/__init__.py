"""The Track tab: click the ice and follow it. Imports ``session``."""
