"""Steps, checkpoints, validation: a run from its first step to its last.

Imports ``objectives``, ``data`` and ``run_folder``.
"""
