"""The dock, the reader and the demo: what napari opens. Imports every tab; nothing imports it."""
