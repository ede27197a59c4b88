"""Surveys: fill states from partitions of samples, each partition only with what is not known of it yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from featurelib.engine import Engine
from featurelib.fitting import State, Survey, merge_answers
from featurelib.pipeline import Pipeline
from featurelib.runs.states import StateStore, request_keys
from featurelib.tables import Partition, PartitionRecord, VersionedTable
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class SurveyTask:
    """Fill the states of a survey from one partition of samples."""

    workspace: Workspace
    pipeline: str
    version: int
    partition: Partition
    label: str
    survey: Survey


def survey_task(task: SurveyTask) -> list[State]:
    """Return the filled states of one partition."""
    table = VersionedTable.open(task.workspace.table(task.pipeline, "samples"))
    rows = table.at(task.version).rows([task.partition])
    if isinstance(rows.lazy().collect_schema()[task.label], pl.List):
        rows = rows.lazy().with_columns(pl.col(task.label).list.max())  # positive if any of the request's rows is
    return task.survey.of(rows)


@dataclass(frozen=True, slots=True)
class Surveys:
    """Answer surveys from some partitions of a version of the samples; what was answered before is not read again.

    Parameters
    ----------
    pipeline, workspace
        Whose samples.
    engine
        What runs the tasks: one for each partition of which something is not known.
    version
        Of the samples table.
    partitions
        Those to learn from, in order.
    live
        All partitions of that version.
    store
        Where states are kept.
    """

    pipeline: Pipeline
    workspace: Workspace
    engine: Engine
    version: int
    partitions: Sequence[Partition]
    live: Mapping[Partition, PartitionRecord]
    store: StateStore

    def __call__(self, asked: Survey) -> list[State]:
        """Return the filled states, merged over the partitions."""
        keys = request_keys(asked, self.pipeline.sample_schema, self.pipeline.label)
        empties = {key: item.state for key, item in zip(keys, asked.requests, strict=True)}
        held = [self._held(partition, empties) for partition in self.partitions]
        lacking = [[n for n, key in enumerate(keys) if key not in known] for known in held]
        due = [place for place, numbers in enumerate(lacking) if numbers]
        tasks = [self._task(self.partitions[place], asked, lacking[place]) for place in due]
        filled_states = self.engine.map(survey_task, tasks) if tasks else []
        for place, states in zip(due, filled_states, strict=True):
            filled = {keys[n]: state for n, state in zip(lacking[place], states, strict=True)}
            held[place] |= filled
            self._keep(self.partitions[place], filled)
        return merge_answers([[known[key] for key in keys] for known in held])

    def _held(self, partition: Partition, empties: Mapping[str, State]) -> dict[str, State]:
        built = self.live[partition].key
        return {} if built is None else self.store.load(partition, built, empties)

    def _keep(self, partition: Partition, states: Mapping[str, State]) -> None:
        built = self.live[partition].key
        if built is not None:
            self.store.save(partition, built, states)

    def _task(self, partition: Partition, asked: Survey, numbers: Sequence[int]) -> SurveyTask:
        lacking = replace(asked, requests=tuple(asked.requests[n] for n in numbers))
        return SurveyTask(self.workspace, self.pipeline.name, self.version, partition, self.pipeline.label, lacking)

    def of(self, partitions: Sequence[Partition]) -> "Surveys":
        """Return the same for some of the partitions."""
        return replace(self, partitions=partitions)

    def tidy(self) -> None:
        """Delete the states that no longer belong to any samples, or that nothing asks for any more."""
        live = [(partition, record.key) for partition, record in self.live.items() if record.key is not None]
        self.store.tidy(live, self.partitions)
