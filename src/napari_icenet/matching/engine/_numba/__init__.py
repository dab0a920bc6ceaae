"""The compiled correlation of the CPU: numba with its own FFT. Imported by ``matching.engine`` alone."""
