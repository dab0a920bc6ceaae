"""Give work to threads and processes, and end it with its owner.

Imports ``errors`` alone; every room may import it.
"""
