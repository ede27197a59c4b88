"""Online: the windows' values as of an instant, kept where a model server reads them by entity.

Owns the export's folder, its copy in Redis, and the reading of both. Must never compute a window, and never load what a
model server does not need: Redis is imported when it is used.
"""

from featurelib.online.export import EntityWindows, Export
from featurelib.online.folder import write_export
from featurelib.online.redis_keys import write_redis
from featurelib.online.store import OnlineStore

__all__ = ["EntityWindows", "Export", "OnlineStore", "write_export", "write_redis"]
