"""Track: entities and moments as numbers, in order."""

from collections.abc import Callable

from featurelib.windows.grain import Flags, Ints

_DENSE = 16  # up to so many possible numbers for each one there is, a table of all that are possible beats a sort


class Track:
    """Positions in time of many entities, and where a moment falls among them.

    Parameters
    ----------
    codes, moments
        Entity and moment of each position, sorted by both where positions are asked for.

    Attributes
    ----------
    keys
        Entity and moment of each position as one number, which orders them.
    """

    def __init__(self, codes: Ints, moments: Ints) -> None:
        import numpy as np

        self._low = int(moments.min()) if len(moments) else 0
        self._width = (int(moments.max()) - self._low if len(moments) else 0) + 2
        self._ranked: Ints | None = None
        # NOTE: entity and moment as one number make a window two binary searches; where that number would need more
        # than 62 bits, the moments are numbered by rank
        self._end = int(codes.max()) + 1 if len(codes) else 0
        if self._width * self._end >= 2**62:
            self._ranked = np.unique(moments)
            moments, self._low, self._width = np.searchsorted(self._ranked, moments), 0, len(self._ranked) + 1
        self.keys = codes * self._width
        self.keys += moments
        self.keys -= self._low

    @property
    def codes(self) -> Ints:
        """The entity of each position."""
        return self.keys // self._width

    @property
    def moments(self) -> Ints:
        """The moment of each position."""
        return self._moments(self.keys)

    def rank(self) -> Ints:
        """Make one position of those of the same entity and moment, in order; return which one each became."""
        self.keys, ranks = ranked(self.keys)
        return ranks

    def sort(self) -> Ints:
        """Put the positions in order; return where each was."""
        places = ordering(self.keys)
        self.keys = self.keys[places]
        return places

    def before(self, codes: Ints, moments: Ints) -> Ints:
        """Return the first position of an entity, or of the one after it, that is not before a moment."""
        return self.search(codes, moments)(0)

    def search(self, codes: Ints, moments: Ints) -> Callable[[int], Ints]:
        """Return what tells, of moments so far before some, the first position that is not before it, as `before`."""
        import numpy as np

        # NOTE: far more entities may be asked for than have positions
        starts = np.minimum(codes, self._end) * self._width

        def back(length: int) -> Ints:
            ranks = moments - (self._low + length)
            if self._ranked is not None:
                ranks = np.searchsorted(self._ranked, moments - length)
            np.clip(ranks, 0, self._width - 1, out=ranks)
            ranks += starts
            found: Ints = np.searchsorted(self.keys, ranks)
            return found

        return back

    def at(self, codes: Ints, moments: Ints) -> tuple[Ints, Flags]:
        """Return the position of an entity at a moment, and whether it has one."""
        import numpy as np

        found = self.before(codes, moments)
        if not len(self.keys):
            return found, np.zeros(len(found), np.bool_)
        near = np.minimum(found, len(self.keys) - 1)
        keys = self.keys[near]
        return near, (keys // self._width == codes) & (self._moments(keys) == moments)

    def _moments(self, keys: Ints) -> Ints:
        numbers = keys % self._width
        return numbers + self._low if self._ranked is None else self._ranked[numbers]


def ordering(keys: Ints) -> Ints:
    """Return the positions of numbers in ascending order; of equal ones, in the order in which they stand."""
    import numpy as np

    bits = len(keys).bit_length()
    if not len(keys) or int(keys.min()) < 0 or int(keys.max()) >= 1 << (63 - bits):
        return np.argsort(keys, kind="stable")
    # NOTE: NumPy sorts numbers four times as fast as it finds their order, so each carries its position
    ordered = keys << bits
    ordered |= np.arange(len(keys))
    ordered.sort()
    ordered &= (1 << bits) - 1
    return ordered


def runs(ordered: Ints) -> Ints:
    """Return where each run of equal numbers begins."""
    import numpy as np

    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return np.flatnonzero(first)


def ranked(keys: Ints) -> tuple[Ints, Ints]:
    """Return the different ones of some numbers, ascending, and for each number which of them it is."""
    import numpy as np

    if len(keys) and int(keys.min()) >= 0 and int(keys.max()) < _DENSE * len(keys):
        there = np.zeros(int(keys.max()) + 1, np.bool_)
        there[keys] = True
        return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]
    places = ordering(keys)
    ordered = keys[places]
    starts = runs(ordered)
    ranks = np.empty_like(keys)
    ranks[places] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(keys)))
    return ordered[starts], ranks
