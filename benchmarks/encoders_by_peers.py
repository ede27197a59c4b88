"""Encoders and bins of other libraries, for `transform_set`: ``python -m benchmarks.encoders_by_peers SIDE ROWS``.

A side is ``LIBRARY:FAMILY``. It fits and transforms a frame that is read before, and prints the CPU seconds of that and
the peak of its resident memory in MiB. It runs in an environment of its own, made from
``benchmarks/requirements-encoders.lock``, and so imports nothing of featurelib.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

NUMBERS = [f"n{number}" for number in range(8)]
TEXTS = [f"t{number}" for number in range(8)]
LABEL, BINS, AT_LEAST = "label", 50, 5


def scikit_learn(frame: pl.DataFrame) -> None:
    """Index terms, and take cross-fitted means; scikit-learn has no encoding by frequency."""
    from sklearn.preprocessing import OrdinalEncoder, TargetEncoder

    texts = frame.select(TEXTS).to_pandas().astype(object)
    OrdinalEncoder(min_frequency=AT_LEAST, handle_unknown="use_encoded_value", unknown_value=-1).fit_transform(texts)
    TargetEncoder(target_type="continuous", cv=5).fit_transform(texts, frame[LABEL].cast(pl.Float64).to_numpy())


def feature_engine(frame: pl.DataFrame) -> None:
    """Index terms, count them, and take means, without folds."""
    from feature_engine.encoding import CountFrequencyEncoder, MeanEncoder, OrdinalEncoder

    texts, label = frame.select(TEXTS).to_pandas().astype(object), frame[LABEL].to_pandas()
    OrdinalEncoder(encoding_method="arbitrary", variables=TEXTS).fit_transform(texts)
    CountFrequencyEncoder(encoding_method="frequency", variables=TEXTS).fit_transform(texts)
    MeanEncoder(variables=TEXTS, smoothing=20).fit_transform(texts, label)


def category_encoders(frame: pl.DataFrame) -> None:
    """Index terms, count them, and take means, without folds."""
    from category_encoders import CountEncoder, OrdinalEncoder, TargetEncoder

    texts, label = frame.select(TEXTS).to_pandas().astype(object), frame[LABEL].to_pandas()
    OrdinalEncoder(cols=TEXTS).fit_transform(texts)
    CountEncoder(cols=TEXTS, normalize=True).fit_transform(texts)
    TargetEncoder(cols=TEXTS, smoothing=20).fit_transform(texts, label)


def gators(frame: pl.DataFrame) -> None:
    """Index terms, count them, and take means, without folds."""
    from gators.encoders import CountEncoder, OrdinalEncoder, TargetEncoder

    texts, label = frame.select(TEXTS), frame[LABEL]
    for encoder in (OrdinalEncoder(subset=TEXTS, min_count=AT_LEAST), CountEncoder(subset=TEXTS)):
        encoder.fit(texts)
        encoder.transform(texts)
    means = TargetEncoder(subset=TEXTS)
    means.fit(texts, label)
    means.transform(texts)


def gators_bins(frame: pl.DataFrame) -> None:
    """Cut numbers at quantiles."""
    from gators.discretizers import QuantileDiscretizer

    numbers = frame.select(NUMBERS)
    bins = QuantileDiscretizer(subset=NUMBERS, num_bins=BINS, as_numerics=True)
    bins.fit(numbers)
    bins.transform(numbers)


SIDES: dict[str, Callable[[pl.DataFrame], None]] = {
    "scikit-learn:encoders": scikit_learn,
    "feature-engine:encoders": feature_engine,
    "category_encoders:encoders": category_encoders,
    "gators:encoders": gators,
    "gators:bins": gators_bins,
}


def main(side: str, rows: Path) -> dict[str, Any]:
    """Run a side."""
    frame = pl.read_parquet(rows, columns=NUMBERS if side.endswith(":bins") else [*TEXTS, LABEL])
    before = resource.getrusage(resource.RUSAGE_SELF)
    SIDES[side](frame)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "peak_mib": after.ru_maxrss / 1024}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
