from .grid import Grid as Grid
from .grid import Window as Window
from .open import open_stack as open_stack
from .scene import Flag as Flag
from .scene import Notice as Notice
from .scene import Scene as Scene
from .stack import SceneStack as SceneStack
