"""Training, validation and test kept apart, by ground or by time. Imports the settings of ``datasets``."""
