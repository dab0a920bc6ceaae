"""Dated images: names, acquisitions, their masks and tiles. Imported by ``dated_folder`` and ``open``."""
