"""Parts of windows that know nothing of glaciers. Import nothing else of ``gui``."""
