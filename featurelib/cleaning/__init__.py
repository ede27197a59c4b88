"""Cleaning: repair values before features are made of them; each fitted where it needs to be.

Owns missing values, outliers and the spelling of text, one reason per file. A cleaner is a few steps of the program,
in front of the transforms, so that serving repairs what training repaired. Must never drop rows (`logs` and `samples`
do, and count them) or learn of tables or orchestration.
"""

from featurelib.cleaning.cleaner import Cleaner
from featurelib.cleaning.impute import Impute
from featurelib.cleaning.normalize import Normalize
from featurelib.cleaning.winsorize import Winsorize

__all__ = ["Cleaner", "Impute", "Normalize", "Winsorize"]
