"""Reference values of the tests of src/similarity, from NumPy, SciPy, scikit-learn and POT.

Run: python test/bench/peers/similarity_reference.py fixtures/similarity/reference.json
(needs numpy, scipy, scikit-learn and pot). Every formula is written here a second time, in its plainest form. Inputs
are not stored: `draws` is the same generator as test/similarity/draws.ts, in 32-bit integers.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import ot
import scipy
import sklearn
from scipy.linalg import orthogonal_procrustes
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist, squareform
from scipy.stats import kendalltau, pearsonr, spearmanr
from sklearn.linear_model import Lasso
from sklearn.neighbors import NearestNeighbors


def draws(seed, count):
    """Uniform in [0, 1): xorshift32."""
    out = np.empty(count)
    s = seed
    for i in range(count):
        s ^= (s << 13) & 0xFFFFFFFF
        s ^= s >> 17
        s ^= (s << 5) & 0xFFFFFFFF
        out[i] = s / 4294967296
    return out


def noise(seed, *shape):
    """About normal: three uniforms, centred."""
    u = draws(seed, 3 * int(np.prod(shape))).reshape(-1, 3)
    return (((u[:, 0] + u[:, 1]) + u[:, 2]) - 1.5).reshape(shape)


def pair(seed, n, d1, d2):
    """Two views of three shared factors, with own noise and own means."""
    z = noise(seed, n, 3)
    x = z @ noise(seed + 1, 3, d1) + 0.5 * noise(seed + 2, n, d1) + 3 * noise(seed + 3, 1, d1)
    y = z @ noise(seed + 4, 3, d2) + 0.5 * noise(seed + 5, n, d2) + 3 * noise(seed + 6, 1, d2)
    return x, y


def biased_cka(k, l):
    h = np.eye(len(k)) - 1 / len(k)
    hsic = lambda a, b: np.trace(a @ h @ b @ h)
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def debiased_cka(k, l):
    n = len(k)
    one = np.ones(n)

    def hsic(a, b):  # Song et al. 2012, eq. 5
        a, b = a - np.diag(np.diag(a)), b - np.diag(np.diag(b))
        middle = one @ a @ one * (one @ b @ one) / ((n - 1) * (n - 2))
        return (np.trace(a @ b) + middle - 2 / (n - 2) * (one @ a @ b @ one)) / (n * (n - 3))

    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def rbf(x):
    d = squareform(pdist(x))
    return np.exp(-(d**2) / (2 * np.median(pdist(x)) ** 2))


def rsa(x, y):
    compare = {
        "spearman": lambda a, b: spearmanr(a, b).statistic,
        "pearson": lambda a, b: pearsonr(a, b).statistic,
        "kendall": lambda a, b: kendalltau(a, b).statistic,
    }
    return {
        f"{kind} {name}": float(f(pdist(x, kind), pdist(y, kind)))
        for kind in ["euclidean", "cosine", "correlation"]
        for name, f in compare.items()
    }


def procrustes(x, y, m):
    """Fitted on the first m items, scored on the rest."""
    mx, my = x[:m].mean(0), y[:m].mean(0)
    a, b = x[:m] - mx, y[:m] - my
    if a.shape[1] == b.shape[1] and m > a.shape[1]:
        r, trace = orthogonal_procrustes(a, b)
    else:
        u, s, vt = np.linalg.svd(a.T @ b, full_matrices=False)
        kept = s > 1e-10 * s[0]
        r, trace = u[:, kept] @ vt[kept], s.sum()
    found = (x[m:] - mx) @ r * trace / (a**2).sum()
    rest = y[m:] - my
    return float(1 - ((rest - found) ** 2).sum() / (rest**2).sum())


def cca(x, y, m, ridge):
    """Canonical directions of the first m items; correlations of the rest along them. Ridge: share of mean variance."""
    mx, my = x[:m].mean(0), y[:m].mean(0)
    a, b = x[:m] - mx, y[:m] - my

    def whitener(c):
        cov = c.T @ c / len(c)
        cov = cov + ridge * np.trace(cov) / len(cov) * np.eye(len(cov))
        values, vectors = np.linalg.eigh(cov)
        return vectors @ np.diag(values**-0.5) @ vectors.T

    wa, wb = whitener(a), whitener(b)
    u, s, vt = np.linalg.svd(wa @ (a.T @ b / m) @ wb, full_matrices=False)
    fx, fy = (x - mx) @ wa @ u, (y - my) @ wb @ vt.T
    held = [float(pearsonr(fx[m:, i], fy[m:, i]).statistic) for i in range(len(s))]
    fitted = [float(pearsonr(fx[:m, i], fy[:m, i]).statistic) for i in range(len(s))]
    weights = np.abs(fx[:m].T @ a).sum(1)  # Morcos et al. 2018: how much of x each direction accounts for
    return {
        "fitted": fitted,
        "heldOut": held,
        "mean": float(np.mean(held)),
        "pwcca": float(weights @ np.array(held) / weights.sum()),
    }


def mutual_neighbours(x, y, k):
    find = lambda a: NearestNeighbors(n_neighbors=k).fit(a).kneighbors(return_distance=False)
    return float(np.mean([len(set(p) & set(q)) / k for p, q in zip(find(x), find(y))]))


def geometry():
    cases = []
    for seed, n, d1, d2 in [(11, 24, 6, 6), (21, 30, 5, 9), (31, 20, 40, 33)]:
        x, y = pair(seed, n, d1, d2)
        kx, ky = x @ x.T, y @ y.T
        m = n // 2
        cases.append(
            {
                "seed": seed, "n": n, "d1": d1, "d2": d2,
                "linearBiased": float(biased_cka(kx, ky)),
                "linearDebiased": float(debiased_cka(kx, ky)),
                "rbfBiased": float(biased_cka(rbf(x), rbf(y))),
                "rbfDebiased": float(debiased_cka(rbf(x), rbf(y))),
                "rsa": rsa(x, y),
                "procrustes": procrustes(x, y, m),
                "cca": cca(x, y, m, 0.01),
                "mutualNeighbours": {str(k): mutual_neighbours(x, y, k) for k in [1, 3, 10]},
            }
        )
    return cases


def assignment():
    cases = []
    for seed, rows, cols in [(1, 1, 1), (2, 2, 2), (3, 5, 5), (4, 7, 12), (5, 64, 64), (6, 200, 300), (7, 500, 500), (8, 2000, 2000)]:
        cost = draws(seed, rows * cols).reshape(rows, cols)
        i, j = linear_sum_assignment(cost)
        digest = hashlib.sha256(j.astype("<i4").tobytes()).hexdigest()
        cases.append({"seed": seed, "rows": rows, "cols": cols, "cost": float(cost[i, j].sum()), "columns": digest})
    return cases


def lasso():
    cases = []
    for seed, n, d1, d2 in [(41, 60, 8, 3), (51, 40, 30, 4), (61, 25, 40, 2)]:
        x, y = pair(seed, n, d1, d2)
        x, y = (x - x.mean(0)) / x.std(0), (y - y.mean(0)) / y.std(0)
        for strength in [0.5, 0.1, 0.02]:
            found = [
                Lasso(alpha=strength, fit_intercept=False, tol=1e-14, max_iter=1_000_000).fit(x, y[:, j]) for j in range(d2)
            ]
            cases.append(
                {"seed": seed, "n": n, "d1": d1, "d2": d2, "strength": strength,
                 "weights": [[float(w) for w in model.coef_] for model in found]}
            )
    return cases


def gromov():
    cases = []
    for seed, n, d1, d2 in [(71, 12, 3, 4), (81, 30, 5, 5), (91, 60, 8, 6)]:
        x, y = pair(seed, n, d1, d2)
        p = np.full(n, 1 / n)
        distances = lambda z, kind: (lambda d: d / d.mean())(squareform(pdist(z, kind)))
        run = lambda a, b, start: float(
            ot.gromov.gromov_wasserstein2(a, b, p, p, loss_fun="square_loss", G0=start, tol_rel=1e-12, tol_abs=1e-15, max_iter=10_000)
        )
        # the order of `draws` from the seeds that follow is a permutation: item i lies on item order[i]
        orders = [np.eye(n)[np.argsort(draws(seed + 1 + i, n))] / n for i in range(5)]
        a, b = distances(x, "euclidean"), distances(y, "euclidean")
        entropic = ot.gromov.entropic_gromov_wasserstein2(a, b, p, p, loss_fun="square_loss", epsilon=0.05, tol=1e-12, max_iter=10_000)
        # at 0.05 above, POT's inner loop stops before its margins hold; at this price both programs rest
        _, log = ot.gromov.entropic_gromov_wasserstein(
            a, b, p, p, loss_fun="square_loss", epsilon=0.3, tol=1e-13, max_iter=5000, numItermax=20_000, stopThr=1e-12, log=True
        )
        cases.append(
            {"seed": seed, "n": n, "d1": d1, "d2": d2,
             "product": run(a, b, np.outer(p, p)), "paired": run(a, b, np.eye(n) / n), "entropic": float(entropic), "entropicAtRest": float(log["gw_dist"]),
             "permutations": [run(a, b, order) for order in orders],
             "chebyshev": [run(*(distances(z, "chebyshev") for z in (x, y)), start) for start in [np.eye(n) / n, np.outer(p, p)]]}
        )
    return cases


if __name__ == "__main__":
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "sklearn": sklearn.__version__, "pot": ot.__version__}
    reference = {"versions": versions, "geometry": geometry(), "assignment": assignment(), "lasso": lasso(), "gromov": gromov()}
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(reference, indent=1) + "\n")
