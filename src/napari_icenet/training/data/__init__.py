"""Data that networks learn from, and how they reach the network. Imports ``datasets``."""
