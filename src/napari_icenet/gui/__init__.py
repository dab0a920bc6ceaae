"""The napari window over the headless core; nothing else imports napari or Qt."""
