"""Leaks: planted ones are found by their code, and honest records are not accused."""

from __future__ import annotations

import numpy as np
import pytest

from complement.prove.leaks import leaks_of, matches, nearness


@pytest.fixture(scope="module")
def parts(world):
    dataset = world.real(600)
    return dataset.take(np.arange(400)), dataset.take(np.arange(400, 600))


def made(world, rows: int, *place: object):
    return world.records(*world.law(rows, "made", *place), made=True)


def test_repeated_sealed_records_void_and_the_code_names_who_knew_them(parts, world):
    train, test = parts
    pool = made(world, 300).concat(test.take(np.arange(5)))
    fact = matches(pool, train, test)
    assert fact["distinctive"] == 5
    assert [leak.code for leak in leaks_of([fact], delivered=True)] == ["repeats-sealed"]
    (leak,) = leaks_of([fact], delivered=False)
    assert (leak.code, leak.severity) == ("fitted-on-sealed", "error")


def test_numbers_rounded_in_the_fifth_digit_are_still_repeats(parts, world):
    train, test = parts
    x = np.stack([test.column(f"x{k}").to_numpy() for k in range(3)], axis=1) * (1 + 1e-7)
    pool = world.records(x, test.column("y").to_numpy() == "yes", made=True)
    assert matches(pool, train, test)["distinctive"] > 150


def test_copies_of_training_records_and_fresh_ones_are_no_leak(parts, world):
    train, test = parts
    for pool in (train, made(world, 2000)):
        assert leaks_of([matches(pool, train, test)], delivered=True) == []
        assert leaks_of([matches(pool, train, test)], delivered=False) == []


def test_records_with_few_distinct_values_repeat_by_chance_without_a_leak(world):
    def coarse(rows: int, place: str):
        x, y = world.law(rows, place)
        return world.records(np.round(x), y)

    fact = matches(coarse(500, "a"), coarse(300, "b"), coarse(200, "c"))
    assert fact["sealed"] > 0.5
    assert fact["columns"] == 0
    assert leaks_of([fact], delivered=True) == []


def test_a_file_that_repeats_more_of_the_sealed_part_than_of_the_open_one_is_a_finding():
    fact = {"distinctive": 0, "columns": 0, "sealed": 0.6, "train": 0.3, "rows": 400, "train_rows": 800}
    (leak,) = leaks_of([fact], delivered=True)
    assert (leak.code, leak.severity) == ("repeats-sealed", "finding")
    assert leaks_of([{**fact, "sealed": 0.32}], delivered=True) == []


def test_nearness_is_large_for_altered_copies_and_small_for_honest_records(parts, world):
    train, test = parts
    x = np.stack([test.column(f"x{k}").to_numpy() for k in range(3)], axis=1)
    altered = world.records(x + 0.01, test.column("y").to_numpy() == "yes", made=True)
    near = nearness(altered, train, test)
    assert near > 4
    assert abs(nearness(made(world, 400), train, test)) < 4
    (leak,) = leaks_of([], delivered=True, nearer=near)
    assert (leak.code, leak.severity) == ("nearer-to-sealed", "finding")
    assert leaks_of([], delivered=True, nearer=3.9) == []


def repeating(world, rows: int, *place: object):
    """Records of a shop in which one sale of a hundred is booked two to four times."""
    x, y = world.law(rows, "sale", *place)
    again = np.repeat(np.arange(rows // 100), np.arange(rows // 100) % 3 + 1)
    return np.concatenate([x, x[again]]), np.concatenate([y, y[again]])


def sales(world) -> tuple:
    """Real records to learn from and sealed ones, each rid of repeats, and fresh ones that are not; all of the same sales."""
    x, y = repeating(world, 6000)
    order = np.random.default_rng(0).permutation(len(y))
    parts = [world.records(x[rows], y[rows]) for rows in np.array_split(order, 3)]
    seen: set[float] = set()
    kept = []
    for part in parts[:2]:
        values = part.column("x0").to_numpy()
        first = [k for k, value in enumerate(values) if not (value in seen or seen.add(value))]
        kept.append(part.take(np.array(first)))
    return (*kept, parts[2])


def test_fresh_records_of_data_that_repeat_by_nature_are_no_leak(world):
    train, test, fresh = sales(world)
    fact = matches(fresh, train, test)
    assert fact["distinctive"] >= 10
    assert fact["distinctive_chance"] > fact["distinctive"] / 3
    assert leaks_of([fact], delivered=True) == []


@pytest.mark.parametrize("copied", ["sealed", "both", "both, drawn again"])
def test_copies_among_records_that_repeat_by_nature_are_still_found(world, copied):
    train, test, fresh = sales(world)
    both = train.concat(test)
    copies = {
        "sealed": lambda: test.take(np.arange(150)),
        "both": lambda: both.take(np.random.default_rng(1).permutation(both.rows)[:400]),
        "both, drawn again": lambda: both.take(np.random.default_rng(1).integers(0, both.rows, 400)),
    }[copied]()
    (leak,) = leaks_of([matches(fresh.concat(copies), train, test)], delivered=True)
    assert (leak.code, leak.severity) == ("repeats-sealed", "error")


def test_a_file_drawn_again_from_open_and_sealed_records_is_found_however_often_it_repeats_itself(parts, world):
    train, test = parts
    both = train.concat(test)
    pool = both.take(np.random.default_rng(2).integers(0, both.rows, 3 * both.rows))
    assert matches(pool, train, test)["distinctive_chance"] == 0
    assert leaks_of([matches(pool, train, test)], delivered=True)[0].severity == "error"
    few = made(world, 600).concat(both.take(np.random.default_rng(2).integers(0, both.rows, 60)))
    assert leaks_of([matches(few, train, test)], delivered=True)[0].severity == "error"
