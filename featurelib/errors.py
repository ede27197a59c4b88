"""Every error that featurelib raises on purpose.

.. code-block:: text

    FeaturelibError
    ├── FinalError                          running again changes nothing: never retried
    │   ├── UsageError          exit 2      the call or the project's settings are wrong
    │   │   ├── ProgramMissingError         nothing was fitted yet
    │   │   └── ExportMissingError          no windows were exported, or they have expired
    │   ├── DeclarationError    exit 2      a pipeline, table or log is declared wrongly
    │   │   ├── ParameterError              one parameter is out of its range
    │   │   ├── ColumnMissingError          a column is named that is not there
    │   │   ├── ColumnTypeError             a column is there with another type
    │   │   ├── ColumnUnknownError          a column is there that nothing declares
    │   │   ├── LockError                   a locked declaration is damaged, or was edited
    │   │   └── VersionError        exit 1      a table changed more than its version says
    │   ├── TaskFailedError     exit 70     a task raised an error that is none of these: a defect, ours or a user's
    │   └── DataRefusedError    exit 1      the data broke a rule; a build publishes nothing of it
    │       ├── LogMissingError             no log file where one was declared
    │       ├── LogFileError                a log file cannot be read
    │       ├── ConservationError           rows in != rows kept + rows dropped
    │       ├── SchemaViolationError        a table broke a rule that says `fail`
    │       ├── TableError                  a stored table is not what its log says
    │       └── ProgramError                a stored program is damaged or foreign
    ├── PartitionsFailedError               some partitions could not be built, each for a reason of its own
    └── RetryableError          exit 3      another try may cure it
        ├── StorageError                    a read or write failed: disk full, network
        ├── CommitConflictError             other writers won every race for a commit
        └── TaskLostError                   a worker died more often than it may
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from typing import Any


class FeaturelibError(Exception):
    """Base of all errors below; catch it to catch all of them."""

    exit_code = 3

    def __reduce__(self) -> tuple[Any, ...]:
        # NOTE: an error crosses from a worker to the driver; by default pickle calls the class with the finished
        # sentence, but the classes below take facts
        return _revive, (type(self), str(self))


class FinalError(FeaturelibError):
    """The same call on the same input fails again."""

    exit_code = 2


class UsageError(FinalError, ValueError):
    """The call, the command line or the project's settings are wrong."""


class ProgramMissingError(UsageError):
    """A pipeline has no fitted program, or not the version asked for."""


class ExportMissingError(UsageError):
    """There is no export of the windows' values where one is read, or it has expired."""


class DeclarationError(FinalError, ValueError):
    """A pipeline, table or log is declared wrongly."""


class ParameterError(DeclarationError):
    """One parameter of a declared object is out of its range.

    Parameters
    ----------
    owner
        The object being declared; shown with the parameters that differ from their defaults.
    name
        The parameter.
    got, want
        The value it has, and a phrase that says which it may have.
    """

    def __init__(self, owner: object, name: str, *, got: object, want: str) -> None:
        super().__init__(f"{_declared(owner)}: {name} must be {want}, got {got!r}.")


def _declared(owner: object) -> str:
    """Return how an object was declared: of twenty parameters a declaration mostly gives two."""
    if not is_dataclass(owner) or isinstance(owner, type) or not hasattr(type(owner).__repr__, "__wrapped__"):
        return repr(owner)  # it says itself how it is shown
    held = [(each, getattr(owner, each.name)) for each in fields(owner) if each.repr]
    given = ", ".join(f"{each.name}={value!r}" for each, value in held if not _is_default(each, value))
    return f"{type(owner).__qualname__}({given})"


def _is_default(parameter: "Field[Any]", value: object) -> bool:
    factory = parameter.default_factory
    default = parameter.default if factory is MISSING else factory()
    return type(value) is type(default) and bool(value == default)


class ColumnMissingError(DeclarationError, KeyError):
    """A column is named that the frame or table lacks.

    Parameters
    ----------
    who
        What reads the column, such as ``Vocabulary('lang')``.
    column
        The column that is missing.
    where
        What lacks it, such as ``the frame`` or ``log 'clicks'``.
    columns
        The columns that are there.
    """

    def __init__(self, who: object, column: str, *, where: str, columns: Iterable[str]) -> None:
        names = list(columns)
        close = get_close_matches(column, names, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        shown = ", ".join(names[:30]) + (f", ... ({len(names)} in all)" if len(names) > 30 else "")
        super().__init__(f"{who} reads column {column!r}, which {where} lacks.{hint} Columns: [{shown}].")

    def __str__(self) -> str:  # KeyError would show the sentence as a quoted repr
        return str(self.args[0])


class ColumnTypeError(DeclarationError, TypeError):
    """A column is there, with a type that its reader cannot take.

    Parameters
    ----------
    who, column, where
        As in `ColumnMissingError`.
    got, want
        The type it has, and a phrase that says which it needs.
    hint
        What to try.
    """

    def __init__(self, who: object, column: str, *, where: str, got: object, want: str, hint: str = "") -> None:
        tail = f" {hint}" if hint else ""
        super().__init__(f"{who} needs column {column!r} of {where} to be {want}, got {got}.{tail}")


class ColumnUnknownError(DeclarationError):
    """A column is there that nothing declares.

    Parameters
    ----------
    who
        What declares the columns, such as ``table Samples``.
    column
        The column that is not declared.
    where
        What has it, such as ``the frame``.
    columns
        The columns that are declared.
    """

    def __init__(self, who: object, column: str, *, where: str, columns: Iterable[str]) -> None:
        close = get_close_matches(column, list(columns), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(
            f"{where} has column {column!r}, which {who} does not declare.{hint} Declare it, or drop it first."
        )


class DataRefusedError(FinalError):
    """The data broke a rule; a build publishes nothing of it."""

    exit_code = 1


class LockError(DeclarationError):
    """A locked version of a table's declaration is damaged, was edited, or would be written again.

    Parameters
    ----------
    path
        The file.
    problem
        What is wrong with it, as a clause.
    hint
        What to try.
    """

    def __init__(self, path: object, problem: str, *, hint: str) -> None:
        super().__init__(f"{path}: {problem}. {hint}")


class VersionError(DeclarationError):
    """Tables changed more than their versions say, or are not locked as they are declared.

    Parameters
    ----------
    said
        How each of these tables stands to its locks.
    """

    exit_code = 1

    def __init__(self, said: Iterable[str]) -> None:
        super().__init__("\n".join(["versions and declarations do not agree.", *said]))


class LogMissingError(DataRefusedError, FileNotFoundError):
    """No log file lies where a declared partition should have one."""


class LogFileError(DataRefusedError, OSError):
    """A log file cannot be read: empty, truncated, or of another format.

    Parameters
    ----------
    path
        The file.
    problem
        What is wrong with it, as a clause.
    hint
        What to try.
    """

    def __init__(self, path: object, problem: str, *, hint: str) -> None:
        super().__init__(f"{path}: {problem}. {hint}")


class ConservationError(DataRefusedError):
    """A stage lost or made rows unseen: rows in and rows made are not rows kept plus rows dropped.

    A build that finds it commits nothing of the partition. `featurelib.ledger.conservation` may find it in what was
    committed.

    Parameters
    ----------
    stage, partition
        Where the sum is off.
    rows_in, made, kept, dropped
        The counts, ``dropped`` by reason.
    """

    def __init__(
        self, stage: str, partition: object, *, rows_in: int, made: int, kept: int, dropped: dict[str, int]
    ) -> None:
        reasons = ", ".join(f"{reason} {n}" for reason, n in sorted(dropped.items())) or "none"
        gap = rows_in + made - kept - sum(dropped.values())
        added = f", {made} made" if made else ""
        super().__init__(
            f"{stage} of {partition}: {rows_in} rows in{added}, {kept} kept, dropped: {reasons}. "
            f"{gap:+d} rows are unaccounted for. This is a defect, of featurelib or of a step of your own: please "
            "report ours."
        )


class SchemaViolationError(DataRefusedError):
    """A table broke a rule that says ``fail``; the message is the one-screen report."""


class TableError(DataRefusedError):
    """A stored table is not what its log says, or not what was asked for."""


class ProgramError(DataRefusedError):
    """A stored program is damaged, or written by a library this one does not know."""


class TaskFailedError(FinalError):
    """A task raised an error that is not one of these: a defect of the user's code, or of ours."""

    exit_code = 70


class PartitionsFailedError(FeaturelibError):
    """Some partitions could not be built; the others were.

    Parameters
    ----------
    pipeline
        Whose.
    failures
        The error of each, by table and partition.

    Attributes
    ----------
    retryable
        Whether another try may cure all of them.
    exit_code
        Of the first that no retry cures; 3 if there is none.
    """

    def __init__(self, pipeline: str, failures: Mapping[tuple[str, str], FeaturelibError]) -> None:
        lines = [
            f"  {table} {partition}: {type(error).__name__}: {error}\n"
            f"    again: featurelib run {pipeline} --partition {partition}"
            for (table, partition), error in failures.items()
        ]
        count = "1 partition" if len(failures) == 1 else f"{len(failures)} partitions"
        super().__init__(f"{count} of {pipeline} failed; what was committed stands.\n" + "\n".join(lines))
        self.pipeline = pipeline
        self.failures = dict(failures)
        final = [error.exit_code for error in failures.values() if not isinstance(error, RetryableError)]
        self.retryable = not final
        self.exit_code = final[0] if final else RetryableError.exit_code

    def __or__(self, other: "PartitionsFailedError") -> "PartitionsFailedError":
        """Return both as one."""
        return PartitionsFailedError(self.pipeline, self.failures | other.failures)


class RetryableError(FeaturelibError):
    """Another try may succeed."""


class StorageError(RetryableError, OSError):
    """A read or write failed in a way that may pass: disk full, network, permissions."""


class CommitConflictError(RetryableError):
    """Other writers committed first, time and again."""


class TaskLostError(RetryableError):
    """A worker died while it ran a task, more often than the engine tries again."""


def _revive(kind: type[FeaturelibError], sentence: str) -> FeaturelibError:
    error = kind.__new__(kind, sentence)
    error.args = (sentence,)
    return error
