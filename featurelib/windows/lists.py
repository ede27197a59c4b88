"""Lists: cut values that lie one after the other into lists."""

import polars as pl

from featurelib.windows.grain import Ints


def cut(values: pl.Series, sizes: Ints, inner: pl.DataType) -> pl.Series:
    """Return lists of some sizes, of values that lie one after the other.

    Parameters
    ----------
    values
        As many as the sizes add up to.
    sizes
        0 or more; one list for each.
    inner
        The type of the lists' elements.
    """
    import numpy as np
    import pyarrow as pa

    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())
    return pl.Series(values.name, pa.LargeListArray.from_arrays(offsets, values.to_arrow())).cast(pl.List(inner))
