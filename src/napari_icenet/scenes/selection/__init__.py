"""Scenes and bands that a stack is made of, by themselves and as a user chooses them; what is handed over as a stack.

Imported by ``scenes.open``, and ``given`` by all that take a stack.
"""
