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
