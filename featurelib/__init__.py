"""featurelib: from raw click logs to trusted training tables, and the same transforms in serving.

This face holds what model code needs; everything else is imported from its own folder. Importing it must stay about
as cheap as importing polars: nothing of pandas, scikit-learn, Prefect or Great Expectations.
"""

from featurelib.program import Program, load

__version__ = "0.1.0"

__all__ = ["Program", "__version__", "load"]
