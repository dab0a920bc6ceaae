"""How far to trust a map: closure, static terrain, strain, and the report. Imports maps and series."""
