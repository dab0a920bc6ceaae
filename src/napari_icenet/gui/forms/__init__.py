"""Forms made from settings: a field, its limits and its unit stand in the settings alone. Imports ``widgets``."""
