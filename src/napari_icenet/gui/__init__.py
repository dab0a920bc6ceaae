"""The napari window over the headless core; nothing else imports napari or Qt.

Imports every headless room; imported by napari alone, through its manifest, and by ``icenet demo``.
"""
