"""Privacy, attacked and not asserted: copies, names and single values against a base rate, and membership by two attacks.

Attacks of the privacy gate that need a file and not its generator. Passing them does not make data anonymous: stronger
attacks (shadow models, attribute inference) may succeed where these fail.
"""

from complement.measure.privacy.attack import compared
from complement.measure.privacy.copies import Copies, copied_whole
from complement.measure.privacy.dcr import DcrShare
from complement.measure.privacy.density import DensityRatio
from complement.measure.privacy.gate import MAX_APART, MAX_AUC, attacked, gate
from complement.measure.privacy.membership import Membership
from complement.measure.privacy.repeated import Identities, Values, given_away, named
from complement.measure.privacy.twins import Twins

__all__ = [
    "MAX_APART",
    "MAX_AUC",
    "Copies",
    "DcrShare",
    "DensityRatio",
    "Identities",
    "Membership",
    "Twins",
    "Values",
    "attacked",
    "compared",
    "copied_whole",
    "gate",
    "given_away",
    "named",
]
