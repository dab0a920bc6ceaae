"""Give work to threads and processes, and end it with its owner. Imports nothing of ours but ``errors``."""
