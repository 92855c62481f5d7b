"""Rules: hospital stays whose dates are in order, whose bills add up, and whose towns lie where they lie."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

import complement

random = np.random.default_rng(0)
start = [date(2024, 1, 1) + timedelta(days=int(day)) for day in random.integers(0, 300, 1000)]
status = random.choice(["in", "out"], 1000, p=[0.2, 0.8])
stays = [int(days) for days in random.geometric(0.2, 1000)]
town = random.integers(0, 12, 1000)
bed, drugs = random.gamma(3, 100, 1000).round(), random.gamma(2, 50, 1000).round()
real = pa.table(
    {
        "start": start,
        "end": [day + timedelta(days=n) if s == "out" else None for day, n, s in zip(start, stays, status, strict=True)],
        "status": status,
        "town": [f"town {at}" for at in town],
        "county": [f"county {at // 4}" for at in town],
        "bed": bed,
        "drugs": drugs,
        "bill": bed + drugs,
    }
)

made = complement.generate(
    real,
    rows=5000,
    where="county = 'county 1'",
    rules=["end > start", "missing(end) when status = 'in'", "combination(town, county)", "bed + drugs = bill"],
).to_arrow()

assert made.num_rows == 5000
assert all(row["end"] is None or row["end"] > row["start"] for row in made.to_pylist())
assert all(row["bed"] + row["drugs"] == row["bill"] for row in made.to_pylist())
assert set(made.column("town").to_pylist()) == {"town 4", "town 5", "town 6", "town 7"}
