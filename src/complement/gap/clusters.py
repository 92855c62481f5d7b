"""Clusters: groups of like records in many columns at once, each told by a short condition that nearly names it."""

from __future__ import annotations

from typing import Any

import numpy as np

from complement.core.dataset import Dataset
from complement.core.seed import seed_at
from complement.gap.atoms import Atoms
from complement.models.encoder import Encoder
from complement.models.openmp import one_thread

WIDE = 8  # features from which on records are clustered: below, pairs of columns and the tree see as much
CLUSTERS = 12
TERMS = 3  # conditions that name a cluster
TELLING = 0.5  # Jaccard index of condition and cluster, below which the condition does not name it
LEARNT = 5000  # records that the centres are learnt from


def named_clusters(records: Dataset, atoms: Atoms, *, seed: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Conditions that name a k-means cluster of the scaled features, and their masks (records, clusters).

    The condition joins up to 3 atoms by `and`, chosen one by one for the best Jaccard index with the cluster; a cluster that no
    such condition names (index below .5) is left out. What counts later is the condition's own mask. None for tables of fewer
    than 8 features. Losses have no part in it, so that permuting them leaves the clusters as they are.
    """
    none = ((), np.zeros((records.rows, 0), bool))
    if len(records.schema.features()) < WIDE or len(atoms) == 0 or records.rows < 10 * CLUSTERS:
        return none
    from sklearn.cluster import KMeans

    matrix = Encoder("scaled").fit(records).transform(records)
    means: Any = KMeans(CLUSTERS, n_init="auto", max_iter=50, random_state=seed_at(seed, "gap", "clusters"))
    with one_thread():
        label: np.ndarray = means.fit(matrix[:: -(-records.rows // LEARNT)]).predict(matrix)
    masks: dict[str, np.ndarray] = {}
    for k in range(CLUSTERS):
        found = _name(np.asarray(label == k), atoms)
        if found is not None:
            masks[found[0]] = found[1]
    return (tuple(masks), np.column_stack(list(masks.values()))) if masks else none


def _name(cluster: np.ndarray, atoms: Atoms) -> tuple[str, np.ndarray] | None:
    inside, words, best = np.ones(len(cluster), bool), [], 0.0
    while len(words) < TERMS:
        hits = (atoms.masks & inside[:, None])[cluster].sum(axis=0)
        either = (atoms.masks & inside[:, None]).sum(axis=0) + cluster.sum() - hits
        scores = hits / np.maximum(either, 1)
        top = int(np.argmax(scores))
        if scores[top] <= best:
            break
        best, inside = float(scores[top]), inside & atoms.masks[:, top]
        words.append(atoms.texts[top])
    return (" and ".join(words), inside) if len(words) > 1 and best >= TELLING else None
