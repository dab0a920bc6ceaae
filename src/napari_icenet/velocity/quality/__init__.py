"""Quality of maps: closure, static terrain, strain, and the report. Imports maps and series."""
