"""Lag: how late the rows of a raw log land after their events, and what to declare because of it.

Owns the measurement, the proposals made from it and their picture. Must never change a declaration: people do.
"""

from featurelib.lag.curve import QUANTILES, Curve, Lag, measure
from featurelib.lag.picture import svg
from featurelib.lag.proposal import LADDER, Proposal, Wait, propose
from featurelib.lag.text import human, report

__all__ = ["LADDER", "QUANTILES", "Curve", "Lag", "Proposal", "Wait", "human", "measure", "propose", "report", "svg"]
