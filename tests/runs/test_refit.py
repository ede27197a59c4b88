"""Refit: it reads only the days that it does not know yet, and keeps the numbers that terms have."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.cleaning import Impute, Winsorize
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import ColumnMissingError, DeclarationError, ProgramError, ProgramMissingError, UsageError
from featurelib.program import Program, load, save, versions
from featurelib.runs import Comparison, Run, build_samples, compare, fit, fit_program
from featurelib.schema import Column, Table
from featurelib.tables import VersionedTable
from featurelib.transforms import Feature, HashBuckets, Log1p, Vocabulary
from featurelib.transforms import fit as fit_frame
from featurelib.workspace import Workspace
from tests.shop import FEATURES, TIME, logs, shop, workspace, write

FIRST = date(2026, 11, 1)
DAYS = Days(FIRST, FIRST + timedelta(days=4))
EARLY, LATE = Days(FIRST, FIRST + timedelta(days=3)), Days(FIRST + timedelta(days=1), FIRST + timedelta(days=4))
LAST = Days(DAYS.end, DAYS.end)
IMPRESSIONS, CLICKS = logs()
PIPELINE = shop(windows=[], fit=EARLY)
STORE = Path("tables/shop/states")


class TwoFeatures(Table):
    """The shop's features without the slot."""

    event_time = "shown_at"

    shown_at = Column(dtype=TIME, doc="When it was shown.")
    clicked = Column(dtype=pl.Int8(), doc="Whether it was clicked.", between=(0, 1))
    item_index = Column(dtype=pl.UInt32(), doc="The item.")
    user_share = Column(dtype=pl.Float32(), doc="Share of the user's rows.", between=(0, 1))


@dataclass(frozen=True)
class Counting:
    """Count what is asked of each partition."""

    tasks: list[tuple[str, int]] = field(default_factory=list)

    def map(self, fn: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        self.tasks.extend((str(item.partition), len(item.survey.requests)) for item in items)
        return Loop().map(fn, items)


def shown(day: date, n: int) -> dict[str, Any]:
    at = datetime.combine(day, time(n), tzinfo=UTC)
    item = f"i{day.day + n % 3}"  # each day brings an item, and one is not seen again
    keys = {"event_id": f"{day}/{n}", "user_id": f"u{n % 4}", "request_id": f"{day}/r{n}", "item_id": item}
    return {**keys, "slot": (n * day.day) % 7, "shown_at": at, "landed_at": at}


def clicked(row: dict[str, Any]) -> dict[str, Any]:
    at = row["shown_at"] + timedelta(minutes=1)
    kept = {name: row[name] for name in ("event_id", "user_id", "request_id", "item_id", "slot")}
    return {**kept, "clicked_at": at, "landed_at": at}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples of five days."""
    root = tmp_path_factory.mktemp("shop")
    made = workspace(root)
    rows = [shown(day, n) for day in DAYS for n in range(12)]
    write(IMPRESSIONS, made.logs, rows, list(DAYS))
    write(CLICKS, made.logs, [clicked(row) for row in rows[::3]], [*DAYS, DAYS.end + timedelta(days=1)])
    with Run.begin(PIPELINE, made, Loop()) as run:
        build_samples(run, PIPELINE.partitions(DAYS))
    return root


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "shop"))


def space(root: Path) -> Workspace:
    return Workspace(logs=root / "logs", tables=root / "tables", work=root / "work")


def fitted(root: Path, days: Days, **how: Any) -> tuple[Program, list[tuple[str, int]]]:
    """Fit, and return the program with the partitions that were read, each with how much was asked."""
    engine, pipeline = Counting(), how.pop("pipeline", PIPELINE)
    with Run.begin(pipeline, space(root), engine) as run:
        version = fit_program(run, days, **how)
    return load(space(root).pipeline("shop"), version), engine.tasks


def read(days: Days, *requests: int) -> list[tuple[str, int]]:
    """Return what is read of days for the states, then for the scores."""
    return [(str(day), number) for number in requests for day in days]


def test_a_fit_reads_each_day_and_the_next_one_only_the_new_day(root: Path) -> None:
    _, tasks = fitted(root, EARLY)
    assert tasks == read(EARLY, 3, 3)
    copy = Path(shutil.copytree(root, root.parent / "copy"))
    shutil.rmtree(copy / STORE)
    rolled, tasks = fitted(root, LATE)
    assert tasks == read(LAST, 3, 3)
    from_all, tasks = fitted(copy, LATE)
    assert tasks == read(LATE, 3, 3)
    assert (rolled.fingerprint, rolled.made) == (from_all.fingerprint, from_all.made)
    again, tasks = fitted(root, LATE)
    assert (again.fingerprint, tasks) == (rolled.fingerprint, [])
    assert versions(space(root).pipeline("shop")) == [1, 2]


def test_a_smaller_window_reads_nothing(root: Path) -> None:
    fitted(root, DAYS)
    within, tasks = fitted(root, LAST)
    assert (within.made["fit"]["rows"], tasks) == (12, [])


def test_a_new_feature_reads_the_days_for_itself_alone(root: Path) -> None:
    two = replace(PIPELINE, features=FEATURES[:2], table=TwoFeatures)
    assert fitted(root, EARLY, pipeline=two)[1] == read(EARLY, 2, 2)
    assert fitted(root, EARLY)[1] == read(EARLY, 1, 1)


def test_what_two_features_learn_from_is_read_once(root: Path) -> None:
    features = [Feature("item_index", Vocabulary("item_id")), Feature("user_share", FEATURES[1].transform)]
    both = replace(PIPELINE, features=[*features, Feature("slot_z", FEATURES[2].transform)])
    counted = replace(both, features=[Feature("item_index", Vocabulary("user_id")), *both.features[1:]])
    assert fitted(root, EARLY, pipeline=counted)[1] == read(EARLY, 2, 2)


def test_what_is_behind_a_repair_is_read_again_where_the_repair_changed(root: Path) -> None:
    pipeline = replace(PIPELINE, cleaning=[Winsorize("slot", upper=0.9), Impute("item_id", value="none")])
    assert fitted(root, EARLY, pipeline=pipeline)[1] == read(EARLY, 3, 1, 3)
    assert fitted(root, EARLY, pipeline=pipeline)[1] == []
    moved = [*read(LAST, 3), *read(LATE, 1), *read(LAST, 3)]  # the bound, so that it is standardized anew
    assert fitted(root, LATE, pipeline=pipeline)[1] in (moved, read(LAST, 3, 1, 3))


def test_states_of_samples_that_were_built_anew_are_filled_again_and_the_old_ones_go(root: Path) -> None:
    fitted(root, EARLY)
    (before,) = (root / STORE / str(FIRST)).iterdir()
    write(IMPRESSIONS, space(root).logs, [shown(FIRST, n) for n in range(9)], [FIRST])
    with Run.begin(PIPELINE, space(root), Loop()) as run:
        build_samples(run, PIPELINE.partitions(Days(FIRST, FIRST)))
    assert fitted(root, EARLY)[1] == read(Days(FIRST, FIRST), 3, 3)
    (after,) = (root / STORE / str(FIRST)).iterdir()
    assert after != before


def test_states_that_a_fit_did_not_ask_for_go_from_its_days_alone(root: Path) -> None:
    two = replace(PIPELINE, features=FEATURES[:2], table=TwoFeatures)
    fitted(root, EARLY)
    constant = replace(two, features=[Feature("item_index", HashBuckets("item_id", buckets=9)), FEATURES[1]])
    fitted(root, EARLY, pipeline=constant)
    fitted(root, LAST, pipeline=constant)
    assert held(root) == [3, 3, 3, 3, 2]
    fitted(root, EARLY, pipeline=replace(two, features=[Feature("item_index", Vocabulary("user_id")), FEATURES[1]]))
    assert held(root) == [2, 2, 2, 2, 2]


def held(root: Path) -> list[int]:
    return [len(list((root / STORE / str(day)).rglob("*.states"))) for day in DAYS]


@pytest.mark.parametrize("damage", ["a byte", "cut", "empty", "a folder", "another name", "in the way"])
def test_states_that_are_damaged_are_filled_again(root: Path, damage: str) -> None:
    before, _ = fitted(root, LAST)
    place = root / STORE / str(DAYS.end)
    for path in sorted(place.rglob("*.states")):
        content = bytearray(path.read_bytes())
        path.unlink()
        if damage == "a byte":
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        elif damage in {"cut", "empty"}:
            path.write_bytes(content[: 100 if damage == "cut" else 0])
        elif damage == "a folder":
            path.mkdir()
        elif damage == "another name":
            path.with_stem("0" * 64).write_bytes(content)
    if damage == "in the way":
        shutil.rmtree(place)
        place.write_text("a file")
    after, tasks = fitted(root, LAST)
    assert tasks == read(LAST, 3, 3)
    assert after.fingerprint == before.fingerprint
    assert fitted(root, LAST)[1] == ([] if damage not in {"in the way", "a folder"} else tasks)


def numbers(program: Program, column: str = "item_index") -> dict[str, int]:
    (chain,) = (chain for chain in program.chains if chain.into == column)
    number = chain.row()
    return {term: number({chain.reads[0]: term}) for term in chain.steps[-1].tables()["terms"]}


def test_terms_keep_their_numbers_unless_told_otherwise(root: Path) -> None:
    first, later = (numbers(fitted(root, days)[0]) for days in (EARLY, LATE))
    assert sorted(first.values()) == list(range(2, len(first) + 2))
    assert first.items() <= later.items()
    assert later.keys() - first.keys() == {"i7"}
    assert later["i7"] == len(first) + 2
    afresh = numbers(fitted(root, LATE, renumber=True)[0])
    assert afresh.keys() == later.keys() - {"i1"}
    assert sorted(afresh.values()) == list(range(2, len(afresh) + 2))


def test_another_transform_of_that_name_starts_afresh(root: Path) -> None:
    hashed = replace(PIPELINE, features=[Feature("item_index", HashBuckets("item_id", buckets=9)), *FEATURES[1:]])
    fitted(root, EARLY, pipeline=hashed)
    assert numbers(fitted(root, LATE)[0]).keys() == {f"i{n}" for n in range(2, 8)}


def test_a_vocabulary_that_has_outgrown_its_size_is_refused_until_it_is_renumbered(root: Path) -> None:
    fitted(root, EARLY)
    small = replace(PIPELINE, features=[Feature("item_index", Vocabulary("item_id", max_size=3)), *FEATURES[1:]])
    with pytest.raises(DeclarationError, match=r"gave numbers to 6 terms, more than max_size=3.*fit --renumber"):
        fitted(root, LATE, pipeline=small)
    assert len(numbers(fitted(root, LATE, pipeline=small, renumber=True)[0])) == 3


def test_terms_that_find_no_number_left_are_told(root: Path) -> None:
    full = replace(PIPELINE, features=[Feature("item_index", Vocabulary("item_id", max_size=6)), *FEATURES[1:]])
    assert fitted(root, EARLY, pipeline=full)[0].made["notes"] == []
    ((note), (record)) = (fitted(root, LATE, pipeline=full)[0].made[name][0] for name in ("notes", "records"))
    assert (record["outgrown"], record["terms"]) == ("item_id__index", 1)
    assert (
        f"all 6 numbers are given, so 1 of the 6 terms that are most frequent now, with {record['rows']} rows" in note
    )
    assert note.startswith("Vocabulary(column='item_id', min_count=1, max_size=6")
    assert note.endswith("featurelib fit --renumber.")
    assert fitted(root, LATE, pipeline=full, renumber=True)[0].made["notes"] == []


def test_a_damaged_program_has_no_numbers_to_keep(root: Path) -> None:
    fitted(root, EARLY)
    path = root / "tables/shop/programs/v1/program.json"
    path.write_text(path.read_text(encoding="utf-8").replace("item_index", "item_xedni"), encoding="utf-8")
    with pytest.raises(
        ProgramError, match=r"whose numbers of terms are to be kept cannot be read: .*does not match its"
    ):
        fitted(root, LATE)
    with Run.begin(PIPELINE, space(root), Loop()) as run:
        assert fit(run, LATE, lambda step: step.commit(), renumber=True) == 2
    assert len(numbers(load(space(root).pipeline("shop")))) == 6


def test_a_program_without_vocabularies_is_fitted_whatever_became_of_the_last_one(root: Path) -> None:
    hashed = replace(PIPELINE, features=[Feature("item_index", HashBuckets("item_id", buckets=9)), *FEATURES[1:]])
    fitted(root, EARLY, pipeline=hashed)
    (root / "tables/shop/programs/v1/program.json").write_text("{")
    with Run.begin(hashed, space(root), Loop()) as run:
        assert fit(run, EARLY, lambda step: step.commit()) == 2


def compared(root: Path, **how: Any) -> Comparison:
    return compare(PIPELINE, space(root), Loop(), **how)


def test_two_programs_differ_in_constants_and_in_a_share_of_the_rows(root: Path) -> None:
    first, later = (fitted(root, days)[0] for days in (EARLY, LATE))
    found = compared(root, days=LATE)
    assert (found.before, found.after, found.rows) == (1, 2, 48)
    (terms,) = [difference for difference in found.differences if difference.column == "item_index"]
    assert str(terms) == "item_index: index.terms (0 gone, 1 new, 0 renumbered): 6 -> 7; new: 'i7'"
    rows = VersionedTable.open(space(root).table("shop", "samples")).scan().collect().filter(pl.col("dt") >= LATE.start)
    was, now = first.transform(rows), later.transform(rows)
    expected = {name: sum(a != b for a, b in zip(was[name], now[name], strict=True)) for name in was.columns}
    assert found.changed == expected
    assert found.changed["item_index"] == sum(item == "i7" for item in rows["item_id"]) == 4
    lines = found.text().splitlines()
    assert lines[0] == "shop: program v1 -> v2"
    assert "rows whose value changes, of 48 in 2026-11-02 .. 2026-11-05:" in lines
    assert "  item_index    8.33%            4" in lines
    told = found.to_json()
    assert json.loads(json.dumps(told)) == told
    assert (told["changed"], told["days"]) == (expected, ["2026-11-02", "2026-11-05"])


def test_a_program_compared_with_itself_differs_in_nothing(root: Path) -> None:
    fitted(root, EARLY)
    found = compared(root, before=1, after=1, days=LAST)
    assert found.text().splitlines()[1:3] == ["  no difference", "rows whose value changes, of 12 in 2026-11-05:"]
    assert set(found.changed or {}) == {"item_index", "user_share", "slot_z"}
    assert not any((found.changed or {}).values())


def test_other_steps_under_the_same_name_are_told(root: Path) -> None:
    fitted(root, EARLY)
    other = replace(PIPELINE, features=[*FEATURES[:2], Feature("slot_z", Log1p("slot"))])
    fitted(root, EARLY, pipeline=other)
    assert "slot_z: steps: ['affine', 'to_float32'] -> ['log1p', 'to_float32']" in compared(root).text()


def test_only_what_is_there_can_be_compared(root: Path) -> None:
    with pytest.raises(ProgramMissingError, match="has no program"):
        compared(root)
    fitted(root, EARLY)
    with pytest.raises(UsageError, match=r"has no program before v1 to compare with; fit again first"):
        compared(root)
    with pytest.raises(ProgramMissingError, match=r"has no program of version 7; there are \[1\]"):
        compared(root, before=7, after=1)
    with pytest.raises(UsageError, match="comparing on 2026-11-06 needs samples of 2026-11-06; backfill these first"):
        compared(root, before=1, after=1, days=Days(date(2026, 11, 6), date(2026, 11, 6)))
    save(fit_frame(Log1p("no_more"), pl.DataFrame({"no_more": [1.0]})), space(root).pipeline("shop"))
    with pytest.raises(ColumnMissingError, match="no_more__log1p reads column 'no_more', which the frame lacks"):
        compared(root, days=EARLY)
