"""Scenes and bands that a stack is made of, by themselves and as a user chooses them. Imported by ``scenes.open``."""
