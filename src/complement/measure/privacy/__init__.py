"""Privacy, attacked and not asserted: exact copies against a base rate, and membership by distance and by density ratio.

Attacks of the privacy gate that need a file and not its generator. Passing them does not make data anonymous: stronger
attacks (shadow models, attribute inference) may succeed where these fail.
"""

from complement.measure.privacy.attack import compared
from complement.measure.privacy.copies import Copies
from complement.measure.privacy.dcr import DcrShare
from complement.measure.privacy.density import DensityRatio
from complement.measure.privacy.gate import MAX_AUC, gate
from complement.measure.privacy.membership import Membership

__all__ = ["MAX_AUC", "Copies", "DcrShare", "DensityRatio", "Membership", "compared", "gate"]
