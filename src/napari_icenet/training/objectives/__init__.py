"""What is minimised, for each network. Imports ``models``."""
