"""The map page of the Compare tab. Imports ``session``."""
