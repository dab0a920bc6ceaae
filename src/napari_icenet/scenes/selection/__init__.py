"""Which scenes and bands a stack is made of: those wanted, one of each acquisition.

The rest of ``scenes`` imports it, and ``velocity`` the words for paths and rows.
"""
