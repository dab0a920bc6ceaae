"""What a chip will look like next: each predictor makes a template from past chips, behind one Protocol.

Imports ``models``, ``datasets`` and the rooms above them; imported by ``evaluation``, ``training`` and ``gui``.
"""
