"""Vector files, and their shapes on a grid. Imported by ``tracking`` and ``velocity``."""
