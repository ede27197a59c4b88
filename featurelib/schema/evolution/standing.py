"""Standing: how the declaration of a table stands to its locked versions, and what there is to do."""

from dataclasses import dataclass
from typing import Any, Literal

from featurelib.schema.declaration import Declaration
from featurelib.schema.evolution.changes import Change, changes_between, needed_bump
from featurelib.schema.evolution.judgement import BUMPS, Bump
from featurelib.schema.evolution.version import Version

State = Literal["locked", "bumped", "unbumped", "backwards", "new", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A table's declaration against one of its locked versions.

    Parameters
    ----------
    table
        Name of the table.
    declared
        The version that its class has; None if there is no such class any more.
    locked
        The locked version that it is compared with; None if none is locked.
    changes
        What differs.
    newest
        Whether ``locked`` is the newest.
    """

    table: str
    declared: str | None
    locked: str | None
    changes: tuple[Change, ...] = ()
    newest: bool = True

    @classmethod
    def of(cls, declared: Declaration, locked: Declaration | None, *, newest: bool = True) -> "Standing":
        """Compare a declaration with a locked one, if there is one."""
        if locked is None:
            return cls(table=declared.table, declared=declared.version, locked=None)
        return cls(
            table=declared.table,
            declared=declared.version,
            locked=locked.version,
            changes=changes_between(locked, declared),
            newest=newest,
        )

    @property
    def needed(self) -> Bump | None:
        """The step of the version that the changes need; None without any."""
        return needed_bump(self.changes)

    @property
    def made(self) -> Bump | None:
        """The step of the version that was made; None if it is not later."""
        if self.declared is None or self.locked is None:
            return None
        return Version.of(self.locked).step_to(Version.of(self.declared))

    @property
    def state(self) -> State:
        """How it stands.

        ``locked``: as the lock says. ``bumped``: it changed, and the version says so. ``unbumped``: it changed more
        than the version says. ``backwards``: its version is before the newest that is locked. ``new``: nothing of it
        is locked. ``gone``: it is locked, and no class declares it.
        """
        if self.declared is None:
            return "gone"
        if self.locked is None:
            return "new"
        if self.newest and Version.of(self.declared) < Version.of(self.locked):
            return "backwards"
        if self.needed is not None and (self.made is None or BUMPS.index(self.made) < BUMPS.index(self.needed)):
            return "unbumped"
        return "locked" if self.declared == self.locked else "bumped"

    @property
    def breaks_unsaid(self) -> bool:
        """Whether readers or old data break and the version does not say so."""
        return self.state in {"gone", "backwards"} or (self.state == "unbumped" and self.needed == "major")

    @property
    def wanted(self) -> str | None:
        """The smallest version that the changes allow; None if nothing changed or none is locked."""
        return None if self.locked is None or self.needed is None else str(Version.of(self.locked).raised(self.needed))

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "table": self.table,
            "declared": self.declared,
            "locked": self.locked,
            "state": self.state,
            "needed": self.needed,
            "made": self.made,
            "breaks_unsaid": self.breaks_unsaid,
            "changes": [change.to_json() for change in self.changes],
        }

    def text(self) -> str:
        """Return it for people: how it stands, and the changes."""
        return "\n".join([self.headline(), *(change.text() for change in self.changes)])

    def headline(self) -> str:
        """Return how it stands, and what there is to do, as one line."""
        lock = f"featurelib schema lock {self.table}"
        said = {
            "gone": f"is locked as {self.locked}, and no class declares it any more: its readers break. Declare it; or "
            "delete the folder of its locks, if nobody reads it.",
            "new": f"{self.declared} is not locked yet: run {lock}.",
            "backwards": f"{self.declared} is before the locked {self.locked}, and a version never goes back. Declare "
            f"{self.wanted or self.locked}.",
            "unbumped": f"{self.declared} differs from the locked {self.locked}: this needs a {self.needed} step, to "
            f"{self.wanted}, and {self._step()}.",
            "bumped": f"{self.declared}, locked as {self.locked}: {self._needs()}.{self._todo(lock)}",
            "locked": f"{self.declared} is as locked.",
        }
        return f"{self.table} {said[self.state]}"

    def _step(self) -> str:
        return "the version was not raised" if self.made is None else f"only a {self.made} step was made"

    def _needs(self) -> str:
        if self.needed is None:
            return "nothing changed"
        more = "" if self.made == self.needed else f", a {self.made} step was made"
        return f"needs a {self.needed} step{more}"

    def _todo(self, lock: str) -> str:
        return f" Lock it: {lock}." if self.newest else ""
