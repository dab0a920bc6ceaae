"""SVG-LP, the paper's stochastic video prediction. Imports the registry of ``models``."""
