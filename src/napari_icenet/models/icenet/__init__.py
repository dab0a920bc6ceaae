"""The network ``icenet``: a pyramid that weighs past frames. Imports the registry of ``models``."""
