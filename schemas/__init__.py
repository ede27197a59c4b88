"""Tables: one module per table, raw logs and feature tables alike.

Owns what each column means and which values it may hold.
Must never leak in: how a table is made, or where it lies.
"""

from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog
from schemas.orders import OrderLog

__all__ = ["ClickLog", "ImpressionLog", "OrderLog"]
