"""The report's folder: tables, figures, panels. Imports ``evaluation.scoring``."""
