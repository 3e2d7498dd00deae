"""Public sets, each fetched from one pinned address, checked by SHA-256 and written where recipes look for it.

catalogue.toml  what there is; `sets` reads it
places          the folder that holds the sets
fetching        from the address, or from files that are here already, into that folder
"""

from throughtime.data.public.fetching import fetch
from throughtime.data.public.places import ENVIRONMENT, data_folder, missing_files
from throughtime.data.public.sets import PublicFile, PublicSet, public_set, public_sets

__all__ = [
    "ENVIRONMENT",
    "PublicFile",
    "PublicSet",
    "data_folder",
    "fetch",
    "missing_files",
    "public_set",
    "public_sets",
]
