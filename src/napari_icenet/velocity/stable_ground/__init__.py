"""Ground that does not move: where it is, and the offset of a pair on it. Imports ``velocity.vectors``."""
