"""Everything that can go wrong on purpose.

Each message is one sentence that says what is wrong, in which file, and what to do.
The command line prints it after ``error:``, napari shows it in a dialog.
"""


class IceNetError(Exception):
    """Base of all errors that a user can cause and can mend."""


class UsageError(IceNetError):
    """The request makes no sense, whatever the data (exit status 2 in the shell)."""


class SceneError(IceNetError):
    """One scene or file cannot be used."""


class StackError(IceNetError):
    """The scenes cannot form a stack, or a saved stack cannot be read or written."""


class TrackingError(IceNetError):
    """A chip cannot be placed or followed as asked."""


class DatasetError(IceNetError):
    """Sequences cannot be made from these stacks, or a dataset cannot be read or written."""


class WeightsError(IceNetError):
    """Weights of a network cannot be read or written, or belong to another network."""


class PredictorError(IceNetError):
    """A predictor failed, or its answer cannot be used."""


class TrainingError(IceNetError):
    """A network cannot be trained as asked, or a run cannot be read, written or continued."""


class DownloadError(IceNetError):
    """A file could not be fetched, or is not the file that was promised."""


class Cancelled(IceNetError):  # noqa: N818 (a wish, not an error)
    """The user asked to stop; a progress callback raises it, and nothing half-done is left behind."""


class SceneWarning(UserWarning):
    """A scene, band or date is left out, or used in a way the user should know of."""


class ExtensionWarning(UserWarning):
    """Something that another package adds is left out."""
