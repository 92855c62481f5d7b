"""No real record stands in the page, not even where the facts were careless."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from complement.report import Facts, page
from complement.report.kept import rounded
from complement.report.made import span_of

ROWS, COLUMNS = 300, 8


@pytest.fixture(scope="module")
def real() -> list[dict[str, object]]:
    """Real tumours, each with a name, a rare ward, a free text and its measures."""
    found = load_breast_cancer()
    wards = ["north", "south"] * (ROWS // 2)
    wards[7] = "ward of one person"
    return [
        {
            "patient": f"Person-{place:04d}",
            "note": f"came on day {place} with a cough",
            "ward": wards[place],
            **{f"m{column}": float(found.data[place, column]) for column in range(COLUMNS)},
            "target": ("malignant", "benign")[found.target[place]],
        }
        for place in range(ROWS)
    ]


def careless(real: list[dict[str, object]]) -> Facts:
    """Facts as a stage without any care would write them: edges that are values, rare categories, real records as samples."""
    kinds = {"patient": ("category", "identifier"), "note": ("text", "feature"), "target": ("category", "target")}
    columns: list[dict[str, object]] = []
    for name in real[0]:
        values = [one[name] for one in real]
        if isinstance(values[0], float):
            edges = np.quantile(np.array(values, float), np.linspace(0, 1, 11))
            counts = np.histogram(np.array(values, float), edges)[0] / ROWS
            bins: list[object] = [float(edge) for edge in edges]
        else:
            tally = Counter(str(value) for value in values)
            bins, counts = list(tally), np.array(list(tally.values())) / ROWS
        shares = [float(share) for share in counts]
        columns.append({"name": name, "kind": "number", "distance": 0.1, "bins": bins, "real": shares, "synthetic": shares})
    listed = [{"name": name, "kind": kinds.get(name, ("number", "feature"))[0]} for name in real[0]]
    listed = [{**one, "role": kinds.get(one["name"], ("number", "feature"))[1]} for one in listed]
    return Facts(
        name="tumours",
        source={"rows": ROWS, "columns": listed},
        details={"columns": columns},
        samples=real[:5] + real[7:8],
        scores={"rows": {"real": ROWS}},
        gaps={"gaps": [{"where": f"m3 > {real[0]['m3']}", "units": 20}]},
    )


def told(text: str) -> str:
    """All that a page tells in words and numbers: without the places of what it draws."""
    body = text[text.index("<body") :]
    return re.sub(r"<[^>]*>", " ", body) + " ".join(re.findall(r'(?:aria-label|title|data-label)="([^"]*)"', body))


def test_no_place_in_a_drawing_is_finer_than_a_pixel_of_the_values_range(real: list[dict[str, object]]) -> None:
    for drawing in re.findall(r'<svg[^>]*data-chart="histogram".*?</svg>', page(careless(real))):
        assert all(float(x) == int(x) for x in re.findall(r' x="([\d.]+)"[^>]*class="real"', drawing))
        assert all(float(x) == int(x) for x in re.findall(r"H([\d.]+)", drawing))


def test_the_facts_are_careless_and_the_page_shows_distributions_and_samples(real: list[dict[str, object]]) -> None:
    text = page(careless(real))
    assert 'data-chart="histogram"' in text
    assert "A few of the synthetic records" in text
    assert "Synthetic records, one in each column" in text
    assert "north" in text


def test_no_value_of_one_person_alone_stands_in_the_page(real: list[dict[str, object]]) -> None:
    text = told(page(careless(real))).replace(",", "").replace("−", "-")
    alone = [
        str(value)
        for name in real[0]
        for value, times in Counter(one[name] for one in real).items()
        if times == 1 and len(str(value).replace(".", "").lstrip("0")) > 3
    ]
    assert len(alone) > 1000
    assert [value for value in alone if value in text] == []


def test_no_real_record_stands_in_the_page_however_its_cells_are_joined(real: list[dict[str, object]]) -> None:
    text = page(careless(real))
    for one in real:
        cells = [str(value) for value in one.values()]
        for sign in (",", ", ", "\t", "</td><td>", " "):
            assert sign.join(cells) not in text
            assert sign.join(cells[3:6]) not in text


def test_the_search_finds_a_record_that_is_there(real: list[dict[str, object]]) -> None:
    planted = page(Facts(name=", ".join(str(value) for value in list(real[3].values())[3:6])))
    assert ", ".join(str(value) for value in list(real[3].values())[3:6]) in planted


def test_a_limit_in_a_condition_has_four_digits_and_text_in_quotes_stays() -> None:
    assert rounded("income > 81234.56 and code = '1234567'") == "income > 8.123e+04 and code = '1234567'"
    assert rounded("m3 <= 1001.0") == "m3 <= 1001"
    assert rounded("year >= 1998 and x1000001 = 2") == "year >= 1998 and x1000001 = 2"


def test_a_number_of_a_sample_is_told_by_the_bar_it_lies_in() -> None:
    ages = {"name": "age", "kind": "integer", "bins": ["below 30", "30 to 60", "60 or more or other", "missing"]}
    assert [span_of(ages, value) for value in (29, 30, 59.5, 93, None, "x")] == ["below 30", "30 to 60", "30 to 60", *LAST]
    days = {"name": "day", "kind": "date", "bins": ["below 2024-05-01", "2024-05-01 or more"]}
    assert [span_of(days, value) for value in ("2024-04-30", "2024-05-01T10:00")] == days["bins"]
    shares = [0.5, 0.3, 0.2, 0.0]
    facts = Facts(
        name="ages",
        source={"rows": 1000, "columns": [{"name": "age", "kind": "integer", "role": "feature"}]},
        details={"columns": [{**ages, "distance": 0.1, "real": shares, "synthetic": shares}]},
        samples=[{"age": 93}],
    )
    assert "60 or more or other" in page(facts)
    assert "93" not in told(page(facts))


LAST = ["60 or more or other", "", ""]
