"""Privacy, attacked and not asserted: copies, names and single values against a base rate, and membership, attributes, links.

Attacks of the privacy gate, most of which need a file and not its generator. Passing them does not make data anonymous:
docs/privacy.md says of each what it cannot see.
"""

from complement.measure.privacy.attack import compared
from complement.measure.privacy.attributes import Attributes
from complement.measure.privacy.copies import Copies, copied_whole
from complement.measure.privacy.dcr import DcrShare
from complement.measure.privacy.density import DensityRatio
from complement.measure.privacy.formal import Formal
from complement.measure.privacy.gate import MAX_APART, MAX_AUC, MAX_LIFT, attacked, gate
from complement.measure.privacy.linking import Linkability
from complement.measure.privacy.membership import Membership
from complement.measure.privacy.near import NearCopies
from complement.measure.privacy.rare import RareValues
from complement.measure.privacy.repeated import Identities, Values, given_away, named
from complement.measure.privacy.shadow import Shadow, shadow_scores
from complement.measure.privacy.singling import SinglingOut
from complement.measure.privacy.twins import Twins

__all__ = [
    "MAX_APART",
    "MAX_AUC",
    "MAX_LIFT",
    "Attributes",
    "Copies",
    "DcrShare",
    "DensityRatio",
    "Formal",
    "Identities",
    "Linkability",
    "Membership",
    "NearCopies",
    "RareValues",
    "Shadow",
    "SinglingOut",
    "Twins",
    "Values",
    "attacked",
    "compared",
    "copied_whole",
    "gate",
    "given_away",
    "named",
    "shadow_scores",
]
