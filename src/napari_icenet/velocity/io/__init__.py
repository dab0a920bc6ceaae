"""Maps and series in files: NetCDF as ITS_LIVE names it, GeoTIFF. Imports maps, series and their quality."""
