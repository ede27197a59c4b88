"""Tiles in the ledger: which of those that samples read are to be made, and why."""

from collections.abc import Sequence
from functools import partial

from featurelib.ledger.causes import causes
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.ledger.stored import Stored
from featurelib.logs import Log, LogFile
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition
from featurelib.windows import TileSpec
from featurelib.workspace import Workspace


def tiles_due(
    pipeline: Pipeline, workspace: Workspace, prints: Fingerprints, partitions: Sequence[Partition]
) -> dict[Partition, str]:
    """Return the partitions whose tiles a build of some partitions would make, with the causes in words, ascending.

    Those of the partitions themselves only where they are there and made anew.

    Parameters
    ----------
    pipeline, workspace, prints
        Whose tiles, where, and what they would be made of now.
    partitions
        Those whose samples are to be built.
    """
    found: dict[Partition, dict[str, None]] = {}
    ours = set(partitions)
    reach = pipeline.looked_back(partitions) if partitions and pipeline.tiles else []
    for spec in pipeline.tiles if reach else ():  # with nothing to build, no table is opened
        stored = Stored.at(workspace, workspace.tiles(spec.name))
        wanted = {one: prints.tiles(spec, one) for one in reach}
        landed = [one for one in reach if wanted[one]["inputs"][spec.log.name]["files"]]
        other = [one for one in landed if stored.keys.get(one) != digest(wanted[one])]
        then = stored.entries([one for one in other if one in stored.keys])
        for one in other:
            why = [] if one in ours else ["not made yet"]  # of these, the samples' own state says as much
            if one in stored.keys:
                files = partial(_files, prints, spec, one)
                why = causes(then.get(one, {}), wanted[one], files) or ["made by hand"]
            found.setdefault(one, {}).update(dict.fromkeys(why))
    return {one: "; ".join(why) for one, why in sorted(found.items()) if why}


def _files(prints: Fingerprints, spec: TileSpec, partition: Partition) -> dict[Log, list[LogFile]]:
    return {spec.log: prints.files(spec.log, *prints.tile_span(spec, partition))}
