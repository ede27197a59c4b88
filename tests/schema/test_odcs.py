"""The data contract of a table: the words of the standard, every rule, and nothing that it does not allow.

Such contracts were validated against the JSON schemas of the standard, versions 3.1 and 3.2, by the packages
open-data-contract-standard 3.1.2 and 3.2.0 and datacontract-cli 1.2.8. These are no dependencies, so here is what must
stay true of a contract that they pass.
"""

import re
from datetime import timedelta
from typing import Any, ClassVar

import polars as pl
import yaml

from featurelib.schema import Column, Drift, Reference, RowCheck, Table
from featurelib.schema.checks import plan_checks
from featurelib.schema.odcs import odcs_text, to_odcs
from schemas import ImpressionLog, OttoOrderFeatures

METRICS = {"nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"}
DIMENSIONS = {"accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"}
TYPES = {"string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean"}
TOP = {"apiVersion", "kind", "id", "name", "version", "status", "description", "schema", "team", "slaProperties"}


class Items(Table):
    """All items."""

    id = Column(dtype=pl.String(), doc="The item.")
    shop = Column(dtype=pl.String(), doc="The shop.")


class Samples(Table):
    """One row per impression.

    Of all shops.
    """

    version = "2.1.0"
    owner = "ranking team"
    key = ("request", "item")
    event_time = "shown_at"
    freshness = timedelta(hours=36)
    min_rows = 10
    references = (
        Reference(columns=("item",), to=Items, at=("id",), max_missing=0.01),
        Reference(columns=("item", "shop"), to=Items, at=("id", "shop"), on_fail="fail"),
    )
    checks = (
        RowCheck(id="cheaper", that="price <= list_price"),
        RowCheck(id="named", that=pl.col("item").str.len_chars() > 0),
    )

    request = Column(dtype=pl.String(), doc="The request.", role="key")
    item = Column(dtype=pl.String(), doc="The item.", role="key")
    shop = Column(dtype=pl.String(), doc="The shop.", allowed=("a", "b"), on_fail="quarantine")
    user = Column(dtype=pl.String(), doc="The user.", pii="personal", nullable=True, max_null=0.07)
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", role="time", epoch="ms", source="ts")
    price = Column(dtype=pl.Float32(), doc="Price.", unit="USD", between=(0, None), default=0.0)
    list_price = Column(dtype=pl.Float64(), doc="Price.", nan="allow", drift=Drift(psi=None, on_alarm="fail"))
    token = Column(dtype=pl.UInt16(), doc="Token.", unique=True, on_fail="warn")
    tags = Column(dtype=pl.List(pl.Struct({"a": pl.Int8(), "b": pl.Array(pl.String(), 2)})), doc="Tags.")
    clicked = Column(dtype=pl.Int8(), doc="Label.", role="label", environments=("training",))
    wide: ClassVar = {
        f"of type {number}": Column(dtype=dtype, doc="x", nullable=True)
        for number, dtype in enumerate(
            [
                pl.Null(),
                pl.Duration("ms"),
                pl.Binary(),
                pl.Decimal(8, 2),
                pl.Int128(),
                pl.Time(),
                pl.Date(),
                pl.Boolean(),
            ]
        )
    }


def columns(table: type[Table]) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in to_odcs(table)["schema"][0]["properties"]}


def rules(table: type[Table]) -> dict[str, dict[str, Any]]:
    schema = to_odcs(table)["schema"][0]
    found = [*schema["quality"], *(rule for column in schema["properties"] for rule in column.get("quality", ()))]
    assert len({rule["name"] for rule in found}) == len(found)
    return {rule["name"]: rule for rule in found}


def test_the_contract_says_whose_which_and_what_for() -> None:
    contract = to_odcs(Samples)
    assert contract["apiVersion"] == "v3.1.0"
    assert (contract["kind"], contract["name"], contract["version"]) == ("DataContract", "Samples", "2.1.0")
    assert contract["description"] == {"purpose": "One row per impression.\n\nOf all shops."}
    assert contract["team"] == {
        "name": "ranking team",
        "members": [{"username": "ranking team", "role": "owner"}],
    }
    (latency,) = contract["slaProperties"]
    told = {name: latency[name] for name in ("property", "value", "unit", "element")}
    assert told == {"property": "latency", "value": 36, "unit": "h", "element": "Samples.shown_at"}
    assert contract["schema"][0]["dataGranularityDescription"] == "One row per request, item."


def test_columns_have_types_keys_people_and_meaning() -> None:
    found = columns(Samples)
    key = [(name, one["primaryKeyPosition"]) for name, one in found.items() if one["primaryKey"]]
    assert key == [("request", 1), ("item", 2)]
    assert [name for name, one in found.items() if one["unique"]] == ["token"]
    assert not found["user"]["required"]
    assert found["item"]["required"]
    assert (found["user"]["classification"], found["user"]["tags"]) == ("personal", ["role:meta", "pii:personal"])
    assert found["price"]["logicalTypeOptions"] == {"format": "f32", "minimum": 0}
    assert found["shown_at"]["logicalTypeOptions"] == {"timezone": True, "defaultTimezone": "UTC"}
    assert found["token"]["logicalTypeOptions"] == {"format": "u16"}
    assert found["tags"]["items"]["properties"] == [
        {"name": "a", "logicalType": "integer", "logicalTypeOptions": {"format": "i8"}},
        {
            "name": "b",
            "logicalType": "array",
            "items": {"logicalType": "string"},
            "logicalTypeOptions": {"minItems": 2, "maxItems": 2},
        },
    ]
    custom = {one["property"]: one["value"] for one in found["price"]["customProperties"]}
    assert (custom["unit"], custom["default"]) == ("USD", 0.0)
    assert {one["logicalType"] for one in found.values()} <= TYPES


def test_relations_name_the_other_table() -> None:
    assert columns(Samples)["item"]["relationships"] == [{"type": "foreignKey", "to": "Items.id"}]
    assert to_odcs(Samples)["schema"][0]["relationships"] == [
        {"type": "foreignKey", "from": ["Samples.item", "Samples.shop"], "to": ["Items.id", "Items.shop"]}
    ]


def test_every_check_is_a_rule_with_what_follows() -> None:
    found = rules(Samples)
    assert {check.id for check in plan_checks(Samples)} - set(found) == {"columns"}  # the properties are the columns
    assert set(found) - {check.id for check in plan_checks(Samples)} == {"volume"}
    severities = {name: found[name]["severity"] for name in ("rows", "shop.allowed", "token.unique", "item.reference")}
    assert severities == {
        "rows": "error",
        "shop.allowed": "warning",
        "token.unique": "info",
        "item.reference": "info",
    }
    assert found["shop.allowed"]["arguments"] == {"validValues": ["a", "b"]}
    assert (found["user.max_null"]["mustBeLessOrEqualTo"], found["user.max_null"]["unit"]) == (7, "percent")
    assert found["key"]["arguments"] == {"properties": ["request", "item"]}
    assert found["rows"]["mustBeGreaterOrEqualTo"] == 10
    assert found["cheaper"]["implementation"]["type"] == "unexpected_rows_expectation"
    assert found["price.between"]["implementation"]["kwargs"] == {"column": "price", "min_value": 0, "max_value": None}
    assert found["named"]["type"] == "text"  # an expression that no JSON tells
    for rule in found.values():
        assert rule["dimension"] in DIMENSIONS
        kinds = {"library": {"metric"}, "custom": {"engine", "implementation"}, "text": {"description"}}
        assert kinds[rule["type"]] <= set(rule)
        if rule["type"] == "library":
            assert rule["metric"] in METRICS
            assert len([name for name in rule if name.startswith("must")]) == 1
        if rule["type"] == "custom":
            assert rule["engine"] == "great-expectations"


def test_a_contract_is_plain_stable_yaml() -> None:
    for table in (Samples, ImpressionLog, OttoOrderFeatures):
        contract, text = to_odcs(table), odcs_text(table)
        assert set(contract) <= TOP
        assert yaml.safe_load(text) == contract
        assert contract == to_odcs(table)
        ids = re.findall(r"^ *-? *id: (.*)$", text, re.MULTILINE)
        assert len(ids) == len(set(ids))


def test_the_contract_of_an_environment_lacks_what_is_not_there() -> None:
    assert "clicked" in columns(Samples)
    assert "clicked" not in columns(Samples.within("serving"))
