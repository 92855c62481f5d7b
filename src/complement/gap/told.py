"""Told: what became of the gaps, and of the part that is judged, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from complement.core.condition import Condition
from complement.core.dataset import Dataset
from complement.core.errors import ConditionError
from complement.core.purpose import Slice
from complement.core.request import Request
from complement.gap.loop import NOBODY, Closed


def endings(requests: Sequence[Request], closed: Closed) -> tuple[str, ...]:
    """One sentence per request that was tried: what is asked for in the end, or why nothing is."""
    kept = {request.name: request for request in closed.kept}
    told: list[str] = []
    for request in requests:
        asked, last = kept.get(request.name), _last(request.name, closed)
        first = _words(request.where)
        if asked is None:
            why = NOBODY if last is None else f"{last['why']} (round {last['round']})"
            told.append(f"{first}: nothing is asked for; {why}.")
        elif last is None:
            told.append(f"{first}: {asked.rows:,} records are asked for, untried; the recipe asks for no rounds.")
        else:
            under = "" if _words(asked.where) == first else f" under {_words(asked.where)}"
            told.append(f"{first}: {asked.rows:,} records are asked for{under}; {last['why']} (round {last['round']}).")
    return tuple(told)


def of_judged(part: Slice, learnt: Dataset, expected: Dataset | None, requests: Sequence[Request]) -> tuple[str, ...]:
    """What the records that are learnt from hold of the part that is judged, and how much of what is asked for can fall there.

    `requests`: all that is asked for. None where the condition speaks of columns that these records do not have.
    """
    inside, there = _share(part.where, learnt), None if expected is None else _share(part.where, expected)
    if inside is None:
        return ()
    count, wanted = round(inside * learnt.rows), "" if there is None else f"; of the expected ones it is {there:.1%}"
    held = f"'{part.name}' ({part.where.text}), which is judged, is {count:,} of {learnt.rows:,} records to learn from"
    told = [f"{held} ({inside:.1%}){wanted}."]
    if not count:
        told.append(
            "No generator can learn what is true there: whatever helps there is carried over from other records. Collect some."
        )
        return tuple(told)
    aimed = [request for request in requests if request.where is not None and _meets(part.where, request.where, learnt)]
    if aimed:
        named = "; ".join(f"{request.rows:,} under {_words(request.where)}" for request in aimed)
        told.append(f"Requests whose records can fall there: {named}.")
    else:
        told.append("No request aims there: made records fall there as often as the generator makes such.")
    return tuple(told)


def _last(name: str, closed: Closed) -> dict[str, Any] | None:
    seen = [{**one, "round": line["round"]} for line in closed.history for one in line["requests"] if one["request"] == name]
    return seen[-1] if seen else None


def _meets(part: Condition, where: Condition, learnt: Dataset) -> bool:
    return bool((part.mask(learnt.records) & where.mask(learnt.records)).any())


def _share(where: Condition, records: Dataset) -> float | None:
    try:
        return float(where.mask(records.records).mean()) if records.rows else 0.0
    except ConditionError:
        return None


def _words(where: Condition | None) -> str:
    return "any record" if where is None else where.text
