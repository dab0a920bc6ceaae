"""Search many chips at once, on the CPU or a graphics processor. Imports ``matching``."""
