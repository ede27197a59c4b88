"""Versions of a declaration: MAJOR.MINOR.PATCH, and the steps between them."""

from typing import NamedTuple

from featurelib.schema.evolution.judgement import BUMPS, Bump


class Version(NamedTuple):
    """Three numbers, ordered as versions are: 1.10.0 comes after 1.9.3.

    Examples
    --------
    >>> Version.of("1.4.2").raised("minor"), Version.of("1.4.2").step_to(Version.of("2.0.0"))
    (Version(major=1, minor=5, patch=0), 'major')
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def of(cls, text: str) -> "Version":
        """Return the version that a text names.

        Raises
        ------
        ValueError
            If it is not three whole numbers without leading zeros.
        """
        parts = text.split(".")
        if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and str(int(part)) == part for part in parts):
            raise ValueError(f"a version is three numbers such as 1.0.0, got {text!r}")
        return cls(*map(int, parts))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def step_to(self, later: "Version") -> Bump | None:
        """Return the greatest step from this version to a later one; None if it is not later."""
        if later <= self:
            return None
        return next(bump for bump in reversed(BUMPS) if getattr(later, bump) != getattr(self, bump))

    def raised(self, bump: Bump) -> "Version":
        """Return the next version by a step."""
        if bump == "major":
            return Version(self.major + 1, 0, 0)
        return Version(self.major, self.minor + 1, 0) if bump == "minor" else self._replace(patch=self.patch + 1)
