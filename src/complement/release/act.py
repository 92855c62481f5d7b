"""Act: the entry on synthetic data of a public summary of training content, as the EU AI Act asks for in Article 53(1)(d)."""

from __future__ import annotations

from complement.release.facts import Facts
from complement.release.shards import Written
from complement.release.words import inline

# Template of the European Commission for that summary, July 2025: section 2.5 is on synthetic data.
_BEFORE = """\
Who provides a general-purpose AI model and trained it on these records owes the public a summary of the training content. Its
template (European Commission, July 2025) has a section on synthetic data; this is what can be said for it from here. It is a
draft for whoever signs the summary, and no statement that anything is fulfilled by it."""


def act_lines(facts: Facts, written: Written, title: str) -> list[str]:
    """The section of the card: what the template asks, and what is known."""
    made = inline(facts.generator.get("name", "not recorded"))
    language = [one for one in facts.models if one.get("general_purpose")]
    named = ", ".join(inline(one.get("name", "")) for one in language)
    other = ", ".join(inline(one.get("name", "")) for one in facts.models if not one.get("general_purpose"))
    learnt = facts.source.get("learnt", facts.source.get("rows"))
    from_real = f"{learnt:,} real records of the data owner" if isinstance(learnt, int) else "real records of the data owner"
    rows = {
        "Synthetic data used": f"yes: {inline(title)}, {written.rows:,} records",
        "Modality": "tabular",
        "General-purpose AI models that generated it": named or "none",
        "Other models that generated it": f"generator {made} of complement" + (f"; {other}" if other else ""),
        "What these learnt from": f"{from_real}, whose licence is not recorded here",
        "Licence of the synthetic data": inline(facts.licence),
        "How it was judged": "on sealed real records, see Verdict" if facts.verdict else "it was not judged",
    }
    return [_BEFORE, "", "| asked | answer |", "|---|---|", *(f"| {asked} | {answer} |" for asked, answer in rows.items())]
