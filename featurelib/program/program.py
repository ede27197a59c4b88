"""Program: a fitted pipeline as data, evaluated by column, by row or by micro-batch."""

import hashlib
import json
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, UsageError
from featurelib.program import frames
from featurelib.program.apart import Apart, apart
from featurelib.program.chain import VIEWS, Chain
from featurelib.program.layers import Layers
from featurelib.program.micro_batch import MicroBatch, cells_of, column_of, rows_of
from featurelib.program.primitive import Cells, RowFunction
from featurelib.program.primitives.time import INSTANT
from featurelib.program.view import element
from featurelib.term_rows import TermRows

if TYPE_CHECKING:
    from featurelib.estimator import ProgramTransformer
    from featurelib.program.micro_batch import Column

Row = Mapping[str, Any]
_MANY = 40  # rows from which a micro-batch by column is faster than row by row
_UNREADABLE = (KeyError, TypeError, ValueError, OverflowError)  # what a row function raises for a wrong value


@dataclass(frozen=True)
class Program:
    """What a fitted pipeline computes: chains in order, and which of their columns are the outputs.

    Training, backfill and serving evaluate these same chains; there is no second implementation.

    Parameters
    ----------
    chains
        In order; a chain may read what an earlier one made.
    inputs
        Columns read from outside, with the polars types they had when fitted; a type with parameters of its own is
        recorded as the one it is read as (``Enum`` and ``Categorical`` as ``String``, ``Decimal`` as ``Float64``, a
        time of any unit and zone as one of microseconds in UTC, ``Array`` as ``List``).
    outputs
        Columns handed out, in order.
    made
        How it was made: fit window, rows, selection decisions, library versions. Says nothing about the meaning.

    Notes
    -----
    In a program NaN is missing: a number column is read with NaN as null. Column results state what null becomes.
    """

    chains: tuple[Chain, ...]
    inputs: Mapping[str, pl.DataType]
    outputs: tuple[str, ...]
    made: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = set(self.inputs)
        for chain in self.chains:
            for column in chain.reads:
                if column not in made:
                    raise ColumnMissingError(chain.into, column, where="the program", columns=sorted(made))
            made.add(chain.into)
        names = [chain.into for chain in self.chains]
        for output in self.outputs:
            if output not in names:
                raise ColumnMissingError("the program's output", output, where="the program", columns=names)
        if len(set(self.outputs)) < len(self.outputs):
            raise DeclarationError(f"the program lists an output twice: {sorted(self.outputs)}.")

    def __reduce__(self) -> tuple[Any, ...]:
        # what is cached holds functions, which cannot be sent to other processes
        return Program, (self.chains, self.inputs, self.outputs, self.made)

    @classmethod
    def of(cls, chains: Iterable[Chain], schema: Mapping[str, pl.DataType], outputs: Sequence[str]) -> "Program":
        """Make the smallest program that gives the outputs; inputs and their types come from ``schema``.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If a chain reads a column that ``schema`` lacks, or cannot read its type.
        """
        needed, kept = set(outputs), []
        for chain in reversed(tuple(chains)):
            if chain.into in needed:
                kept.append(chain)
                needed = (needed - {chain.into}) | set(chain.reads)
        kept.reverse()
        inputs: dict[str, pl.DataType] = {}
        made: dict[str, pl.DataType] = {}
        for chain in kept:
            for column in chain.reads:
                if column in made:
                    chain.check_input(column, made[column], where="the program")
                    continue
                if column not in schema:
                    raise ColumnMissingError(chain.into, column, where="the samples table", columns=schema)
                chain.check_input(column, schema[column], where="the samples table")
                inputs[column] = _without_parameters(schema[column])
            made[chain.into] = chain.dtype
        return cls(tuple(kept), inputs, tuple(outputs))

    def keeping(self, outputs: Sequence[str], *, made: Mapping[str, Any]) -> "Program":
        """Return the smallest program for some of the outputs."""
        return replace(Program.of(self.chains, self.inputs, outputs), made=made)

    @cached_property
    def is_elementwise(self) -> bool:
        """Whether a row's outputs depend on that row alone; not, where a number is compared with those of its list."""
        return all(chain.is_elementwise for chain in self.chains)

    @property
    def schema(self) -> pl.Schema:
        """Names and polars types of the outputs, in order."""
        types = {chain.into: chain.dtype for chain in self.chains}
        return pl.Schema({name: types[name] for name in self.outputs})

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 of what the program means: inputs, chains, constants, outputs; not of how it was made."""
        digest = hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode())
        for chain in self.chains:
            for step in chain.steps:
                for name, series in step.tables().items():
                    digest.update(f"{chain.into}.{name}".encode())
                    digest.update(_content(series))
        return digest.hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Return the meaning as plain data, without the large constants."""
        return {
            "inputs": {name: str(dtype) for name, dtype in self.inputs.items()},
            "chains": [chain.to_json() for chain in self.chains],
            "outputs": list(self.outputs),
        }

    def transform(self, frame: Any, *, keep: str | Sequence[str] = ()) -> Any:
        """Compute the outputs for every row of a frame.

        Parameters
        ----------
        frame
            A polars, pandas or pyarrow frame, or a polars lazy frame; the same kind comes back. For `TermRows`, such as
            `featurelib.tables.ParquetRows`, it is a lazy frame, and what depends on one text alone is computed once for
            many rows.
        keep
            Columns of the frame to carry along unchanged, in front of the outputs.

        Returns
        -------
        The kept columns and the outputs, one row per input row, in the same order (pandas keeps its index). The input
        is untouched. An empty frame gives an empty frame of the same columns and types.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If the frame lacks an input or has it with a type that the program cannot read.
        UsageError
            If a kept column is an output too, or is named twice.
        """
        keep = (keep,) if isinstance(keep, str) else keep
        result = [*keep, *self.outputs]
        if len(set(result)) < len(result):
            twice = next(column for column in result if result.count(column) > 1)
            raise UsageError(
                f"the result would hold column {twice!r} twice: `keep` may name each column once, no output."
            )
        if isinstance(frame, TermRows):
            return self._over_terms(frame, keep).select(result)
        return frames.like(frame, self._plan, reads=tuple(self.inputs), keep=keep)

    def _over_terms(self, rows: TermRows, keep: Sequence[str]) -> pl.LazyFrame:
        self._check(rows.schema, keep)
        texts = tuple(name for name in self.inputs if rows.schema[name] == pl.String)
        if texts not in self._known_parts:
            self._known_parts[texts] = apart(self, texts)
        parts = self._known_parts[texts]
        if not parts.of_terms or set(keep) & set(parts.made):
            return self._plan(rows.lazy(), keep)
        return parts.over(rows, keep)

    @cached_property
    def _known_parts(self) -> dict[tuple[str, ...], Apart]:
        return {}

    def _plan(self, frame: pl.LazyFrame, keep: Sequence[str]) -> pl.LazyFrame:
        self._check(frame.collect_schema(), keep)
        mark = "@"
        while any(name.startswith(mark) for name in frame.collect_schema()):
            mark += "@"
        if mark not in self._known_layers:  # NOTE: those of a vocabulary of 500,000 terms take a tenth of a second
            self._known_layers[mark] = Layers.of(self.chains, self.inputs, self.outputs, mark=mark)
        return self._known_layers[mark].over(frame, keep)

    @cached_property
    def _known_layers(self) -> dict[str, Layers]:
        return {}

    def _check(self, schema: pl.Schema, keep: Sequence[str]) -> None:
        for column in (*self.inputs, *keep):
            if column not in schema:
                raise ColumnMissingError(self._reader(column), column, where="the frame", columns=schema)
        made: set[str] = set()
        for chain in self.chains:
            for column in chain.reads:
                if column not in made:
                    chain.check_input(column, schema[column], where="the frame")
            made.add(chain.into)

    def _reader(self, column: str) -> str:
        return next((chain.into for chain in self.chains if column in chain.reads), "`keep`")

    def transform_row(self, row: Row) -> dict[str, Any]:
        """Compute the outputs for one request, given as a dictionary of Python values.

        ``None`` is missing, and NaN where a number is read. Keys beyond the inputs are ignored. Bit-equal to
        `transform`.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If an input is not among the keys, or its value is of a kind that the program cannot read.
        """
        try:
            return self._row_function(row)
        except _UNREADABLE as error:
            raise self._row_error(row) from error

    @cached_property
    def _row_plan(self) -> list[tuple[str, RowFunction]]:
        return [(chain.into, chain.row()) for chain in self.chains]

    @cached_property
    def _row_function(self) -> Callable[[Row], dict[str, Any]]:
        plan, outputs = self._row_plan, self.outputs
        read = {column for chain in self.chains for column in chain.reads}
        if tuple(into for into, _ in plan) == outputs and not read & set(outputs):
            return lambda row: {into: function(row) for into, function in plan}

        def run(row: Row) -> dict[str, Any]:
            cells = dict(row)
            for into, function in plan:
                cells[into] = function(cells)
            return {name: cells[name] for name in outputs}

        return run

    def _row_error(self, row: Row) -> Exception:
        cells = dict(row)
        for chain in self.chains:
            for column in chain.reads:
                if column not in cells:
                    return ColumnMissingError(chain.into, column, where="the row", columns=row)
            try:
                cells[chain.into] = chain.row()(cells)
            except (TypeError, ValueError, OverflowError):
                return _wrong_value(chain, cells)
        return DeclarationError(f"the row {row!r} failed at no chain; please report it.")

    def transform_rows(self, rows: Sequence[Row], *, shared: Row | None = None) -> list[dict[str, Any]]:
        """Compute the outputs for a micro-batch, such as the candidates of one request.

        Row by row for a few, column by column from about forty, where that is faster. Faster than `transform` up to
        some hundred rows. Bit-equal to both. A program that compares the rows of a list takes whole lists in one call.

        Parameters
        ----------
        rows
            A dictionary for each row, as in `transform_row`.
        shared
            Columns that are the same in all rows, such as those of the user and of the query: given once, and what
            reads nothing else is computed once. What a row holds under such a name is not read.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            As `transform_row`, for the first row that is at fault.

        Examples
        --------
        >>> from featurelib.transforms import HashedCross, Standardize, fit
        >>> frame = pl.DataFrame({"query": ["tv", "tv"], "item": ["a", "b"], "price": [1.0, 3.0]})
        >>> program = fit([HashedCross(["query", "item"], buckets=100), Standardize("price")], frame)
        >>> candidates = [{"item": "a", "price": 1.0}, {"item": "b", "price": None}]
        >>> program.transform_rows(candidates, shared={"query": "tv"})
        [{'query_x_item__cross': 87, 'price__z': -1.0}, {'query_x_item__cross': 72, 'price__z': None}]
        """
        if not rows or (len(rows) < _MANY and self.is_elementwise):
            return [self.transform_row({**row, **shared} if shared else row) for row in rows]
        fixed: dict[str, Any] = {} if shared is None else dict(shared)
        try:
            columns = self._micro_batch.compute(
                lambda column: Cells.of([*map(itemgetter(column), rows)]), len(rows), fixed
            )
        except _UNREADABLE as error:
            self._raise_first(rows, shared, error)
            raise
        same = {name: fixed.get(name) for name in self.outputs}
        made = [same.copy() for _ in rows]
        for name in self.outputs:
            if name not in fixed:
                for outputs, value in zip(made, columns[name].to_list(), strict=False):  # strict is slower
                    outputs[name] = value
        return made

    def transform_columns(self, columns: "Mapping[str, Column]", *, shared: Row | None = None) -> dict[str, Any]:
        """Compute the outputs for a micro-batch that is given by column, as arrays for a model.

        What `transform_rows` does, without taking rows apart and putting rows together, in two thirds of its time.
        Bit-equal to it. A program that compares the rows of a list takes whole lists in one call.

        Parameters
        ----------
        columns
            For each input a list, or an array, of a value for each row: in a list ``None`` is missing, and NaN where a
            number is read. An array of numbers is the fastest. Columns beyond the inputs are ignored.
        shared
            Columns that are the same in all rows, as in `transform_rows`; they go before ``columns``.

        Returns
        -------
        Each output, in order: a number as a NumPy array of the type that `schema` states (``Float32`` as ``float32``),
        with NaN for null; a text or a list as a list of Python values, with ``None`` for null. The arrays are the
        caller's own.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If an input is in neither, or the first row at fault holds a value of a kind that the program cannot read.
        UsageError
            If no column is given, or they are not equally long; or if a whole number is null, which no array can tell:
            no transform of this library makes such a number.

        Examples
        --------
        >>> from featurelib.transforms import HashedCross, Standardize, fit
        >>> frame = pl.DataFrame({"query": ["tv", "tv"], "item": ["a", "b"], "price": [1.0, 3.0]})
        >>> program = fit([HashedCross(["query", "item"], buckets=100), Standardize("price")], frame)
        >>> candidates = {"item": ["a", "b"], "price": [1.0, None]}
        >>> program.transform_columns(candidates, shared={"query": "tv"})
        {'query_x_item__cross': array([87, 72], dtype=uint32), 'price__z': array([-1., nan], dtype=float32)}
        """
        import numpy as np

        fixed: dict[str, Any] = {} if shared is None else dict(shared)
        count = self._length(columns, fixed)
        if count == 0:
            return {name: column_of(Cells.of([]), dtype) for name, dtype in self.schema.items()}
        try:
            made = self._micro_batch.compute(lambda column: cells_of(columns[column]), count, fixed)
        except _UNREADABLE as error:
            self._raise_first(rows_of(columns), shared, error)
            raise
        results: dict[str, Any] = {}
        for name, dtype in self.schema.items():
            try:
                results[name] = column_of(made[name] if name not in fixed else Cells.of([fixed[name]]), dtype)
            except (TypeError, ValueError) as error:
                raise UsageError(
                    f"{name} is {dtype}, and null in a row: an array of whole numbers cannot tell. Take the rows from "
                    "transform_rows, or fill null in the program."
                ) from error
            if name in fixed:
                results[name] = np.repeat(results[name], count) if dtype.is_numeric() else results[name] * count
        return results

    def as_sklearn(self) -> "ProgramTransformer":
        """Return the program as a fitted transformer for scikit-learn: in a ``Pipeline``, a ``ColumnTransformer``.

        It takes polars and pandas frames, and arrays whose columns the program calls ``x0``, ``x1``, ...
        """
        from featurelib.estimator import ProgramTransformer  # NOTE: only here is scikit-learn loaded

        return ProgramTransformer(self)

    @cached_property
    def _micro_batch(self) -> MicroBatch:
        return MicroBatch((chain, function) for chain, (_, function) in zip(self.chains, self._row_plan, strict=True))

    def _length(self, columns: "Mapping[str, Column]", fixed: Row) -> int:
        """Return how many rows some columns have."""
        for name in self.inputs:
            if name not in columns and name not in fixed:
                raise ColumnMissingError(self._reader(name), name, where="the call", columns=columns)
        for name, column in columns.items():
            if (
                isinstance(column, str | bytes | AbstractSet)
                or getattr(column, "ndim", 1) == 0
                or not isinstance(column, Sized)
            ):
                raise UsageError(
                    f"transform_columns takes a list or an array of the rows' values for each column, got "
                    f"{type(column).__name__} for {name!r}. What all rows have in common goes into `shared`."
                )
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) != 1:
            raise UsageError(f"transform_columns takes columns, at least one and all equally long, got {lengths}.")
        return next(iter(lengths.values()))

    def _raise_first(self, rows: Iterable[Row], shared: Row | None, error: Exception) -> None:
        """Raise the error of the first row at fault, if any is."""
        for row in rows:
            whole = {**row, **shared} if shared else row
            if not self._readable(whole):
                raise self._row_error(whole) from error

    def _readable(self, row: Row) -> bool:
        try:
            self._row_function(row)
        except _UNREADABLE:
            return False
        return True


def _wrong_value(chain: Chain, cells: Row) -> ColumnTypeError:
    """Return the error of a row in which a chain cannot read a value: the first that its view refuses."""
    for column, kind in zip(chain.reads, chain.kinds, strict=True):
        try:
            VIEWS[kind]().row()(cells[column])
        except (TypeError, ValueError, OverflowError):
            break
    got = f"{reprlib.repr(cells[column])} ({type(cells[column]).__name__})"
    return ColumnTypeError(chain.into, column, where="the row", got=got, want=VIEWS[kind].want)


def _content(table: pl.Series) -> bytes:
    """Return bytes that tell tables of constants apart: millions of Python values would cost seconds."""
    is_text = table.dtype == pl.String
    values = table.str.len_bytes() if is_text else table
    numbers = values.fill_null(0).to_numpy().tobytes()
    texts = "".join(table.drop_nulls().to_list()).encode() if is_text else b""
    return b"".join([f"{table.dtype} {len(table)}".encode(), table.is_null().to_numpy().tobytes(), numbers, texts])


def _without_parameters(dtype: pl.DataType) -> pl.DataType:
    inner = element(dtype)
    if inner is not None:
        return pl.List(_without_parameters(inner))
    if isinstance(dtype, pl.Datetime):
        return INSTANT
    if dtype in (pl.Enum, pl.Categorical):
        return pl.String()
    return pl.Float64() if dtype.is_decimal() else dtype
