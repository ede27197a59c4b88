import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from featurelib.generator.draws import (
    active_users,
    below,
    compact,
    draw,
    landing_s,
    log_normal,
    mix,
    normal,
    unit,
    zipf,
)
from featurelib.generator.words import id_text, query_text

ROWS = np.arange(200_000)


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=30), st.integers(0, 2**63 - 1))
def test_a_row_is_drawn_alike_alone_and_among_others(rows: list[int], seed: int):
    together = draw(seed, "x", np.array(rows, dtype=np.uint64))
    assert [int(draw(seed, "x", [row])[0]) for row in rows] == together.tolist()


def test_mix_is_the_finaliser_of_splitmix64():
    state = np.array([0x9E3779B97F4A7C15], dtype=np.uint64)  # the first state of a generator seeded with 0
    assert int(mix(state)[0]) == 0xE220A8397B1DCDAF


def test_seed_stream_and_order_of_numbers_all_matter():
    draws = [draw(1, "a", ROWS), draw(2, "a", ROWS), draw(1, "b", ROWS), draw(1, "a", ROWS, 1), draw(1, "a", 1, ROWS)]
    shares = np.corrcoef([unit(bits) for bits in draws])
    assert np.abs(shares - np.eye(5)).max() < 0.01


def test_uniform_numbers_fill_the_unit_interval_evenly():
    counts = np.histogram(unit(draw(5, "u", ROWS)), bins=100, range=(0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 150  # chi² of 99 degrees of freedom: p = 0.0007


def test_a_share_of_rows_falls_below_it():
    assert abs(below(draw(3, "b", ROWS), 0.003).mean() - 0.003) < 0.0005
    assert below(draw(3, "b", ROWS), 0.0).sum() == 0
    assert below(draw(3, "b", ROWS), 1.0).all()


def test_normals_have_their_moments():
    values = normal().of(draw(7, "n", ROWS))
    assert abs(values.mean()) < 0.01
    assert abs(values.std() - 1) < 0.01
    assert abs((values > 1.96).mean() - 0.025) < 0.002


def test_a_cut_log_normal_ends_at_its_cut():
    values = log_normal(3.91, 1.04, 300.0).of(draw(8, "l", ROWS))
    assert values.max() < 300
    assert abs(np.median(values) - 47.1) < 1


def test_zipf_ranks_follow_their_law_in_head_and_tail():
    ranks = zipf(1.0, 10_000).of(draw(9, "z", ROWS)).astype(int)
    total = (1 / np.arange(1, 10_001)).sum()
    assert ranks.min() == 0
    assert ranks.max() < 10_000
    assert abs((ranks == 0).mean() * total - 1) < 0.03
    assert abs((ranks == 9).mean() * total * 10 - 1) < 0.08
    assert abs((ranks >= 5000).mean() * total / np.log(2) - 1) < 0.03


def test_the_most_active_users_come_last():
    users = active_users(1.6, 1000).of(draw(10, "a", ROWS)).astype(int)
    assert (users.min(), users.max()) >= (0, 990)
    assert abs((users >= 900).mean() - 0.625) < 0.01  # 1 - cdf(inv_cdf(0.9) - 1.6)


def test_landings_have_their_tails():
    delays = landing_s(3.0, (0.975, 0.02, 0.004, 0.001)).of(draw(11, "d", ROWS))
    assert abs(np.median(delays) - 3) < 0.1
    assert abs((delays > 6 * 3600).mean() - 0.005) < 0.001
    assert abs((delays > 72 * 3600).mean() - 0.001) < 0.0004
    assert delays.max() < 240 * 3600 + 1


def test_compact_codes_name_the_old_ones():
    codes, old = compact(np.array([7, 2, 7]), 9)
    assert old[codes].tolist() == [7, 2, 7]
    assert old.tolist() == [2, 7]


def test_ids_are_distinct_and_of_all_shapes():
    numbers = np.arange(20_000, dtype=np.uint64) + np.uint64(10_000_000)
    ids = id_text(numbers, draw(1, "id", numbers), scientific=True)
    assert ids.n_unique() == len(ids)
    assert abs((ids.str.len_chars() == 20).mean() - 0.3) < 0.02
    assert abs(ids.str.starts_with("0").mean() - 0.2) < 0.02
    assert abs(ids.str.ends_with("e0").mean() - 0.02) < 0.005
    assert ids.str.contains(r"^[0-9]+(e0)?$").all()


def test_ids_of_20_digits_are_lost_as_floats():
    numbers = np.arange(1000, dtype=np.uint64)
    ids = id_text(numbers, np.zeros(1000, dtype=np.uint64))
    assert ids.cast(pl.Float64).n_unique() == 1


def test_queries_are_distinct_texts_in_four_styles():
    numbers = np.concatenate([np.arange(5000), 131_072 + np.arange(100)])
    texts = pl.concat([query_text(numbers, np.full(len(numbers), style)) for style in range(4)])
    assert texts.n_unique() == 4 * len(numbers)
    assert query_text(np.array([0, 0, 0, 0]), np.arange(4)).to_list() == [
        "sneakers",
        "Sneakers",
        "SNEAKERS",
        "ｓｎｅａｋｅｒｓ",
    ]
    assert query_text(np.array([131_072 + 128 * 33 + 32]), np.array([0])).item() == "red café crème for women 1"
