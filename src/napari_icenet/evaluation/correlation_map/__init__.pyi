from .export import write_csv as write_csv
from .export import write_figure as write_figure
from .export import write_geotiff as write_geotiff
from .export import write_report as write_report
from .maps import CorrelationMaps as CorrelationMaps
from .settings import MapSettings as MapSettings
from .store import read_maps as read_maps
from .store import save_maps as save_maps
