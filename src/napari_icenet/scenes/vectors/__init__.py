"""Vector files, and their shapes on a grid."""
