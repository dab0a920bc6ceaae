"""What is learned from, and how it reaches the network. Imports ``datasets``."""
