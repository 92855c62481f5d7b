"""Headlines: what stands beside the sentence of a verdict. The sentences themselves are tested with the decisions."""

from __future__ import annotations

from complement.generate.bootstrap import Bootstrap


def test_nearly_perfect_real_records_are_a_caution(world):
    x, y = world.law(400, "perfect", noise=0)
    verdict = world.run(world.records(x, y), world.refit(Bootstrap(), 1.0)).verdicts[0]
    assert verdict.baseline.value > 0.99
    assert any("nearly perfect" in note for note in verdict.cautions)
    assert world.run(world.real(400), world.refit(Bootstrap(), 1.0)).verdicts[0].cautions == ()
