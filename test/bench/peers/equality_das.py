"""Distributed alignment search on hierarchical equality in PyTorch, by seed of the network: what a rotation of the first layer can do.

    python test/bench/peers/equality_das.py --seeds 1-40 [--k 8] [--steps 1500]

Networks are trained as those of fixtures/networks (equality). Blocks are coordinates 0 to k − 1 (W = X) and k to 2k − 1 (Y = Z) of the 16; W = X is
exchanged, or Y = Z, or both from two sources, each in a third of the trials. Prints one line per seed: the network's accuracy, and
the interchange accuracy over all trials (sources as they come) and over those whose answer changes.
"""
import argparse
import os
import sys

import torch
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../../fixtures/make"))
import networks_model as M
import networks_train as L
import number_tasks as N

SAME = lambda left, right: left == right


def first(model, x):
    return model.layers[0](x).relu()


def rest(model, h):
    for layer in model.layers[1:]:
        h = layer(h).relu()
    return model.classes(h)


def trials(model, basis, k, rows, g):
    """Logits, labels, and whether the answer changes."""
    (x, l, r), (xl, ll, _), (xr, _, rr) = (N.draw_equality(g, rows) for _ in range(3))
    kind = torch.randint(0, 3, (rows,), generator=g)
    takes_left, takes_right = kind != 1, kind != 0
    z, z_left, z_right = (first(model, v) @ basis.T for v in (x, xl, xr))
    c = torch.arange(z.shape[1])
    z = torch.where(takes_left[:, None] & (c < k), z_left, z)
    z = torch.where(takes_right[:, None] & (c >= k) & (c < 2 * k), z_right, z)
    label = SAME(torch.where(takes_left, ll, l), torch.where(takes_right, rr, r))
    return rest(model, z @ basis), label.long(), label != SAME(l, r)


def search(model, k, steps, seed, rows=1024, rate=2e-2):
    for p in model.parameters():
        p.requires_grad_(False)
    torch.manual_seed(seed)
    rotation = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(16, 16, bias=False))
    optimiser = torch.optim.Adam(rotation.parameters(), lr=rate)
    falling = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda t: 1 - t / steps)
    g = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        logits, label, _ = trials(model, rotation.weight, k, rows, g)
        optimiser.zero_grad()
        F.cross_entropy(logits, label).backward()
        optimiser.step()
        falling.step()
    with torch.no_grad():
        logits, label, changes = trials(model, rotation.weight, k, 12800, torch.Generator().manual_seed(seed + 1))
    right = (logits.argmax(1) == label).double()
    return right.mean().item(), right[changes].mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seeds", default="1-40")
    ap.add_argument("--k", type=int, default=8)
    ap.add_argument("--steps", type=int, default=1500)
    a = ap.parse_args()
    torch.set_num_threads(1)
    low, high = map(int, a.seeds.split("-"))
    for seed in range(low, high + 1):
        torch.manual_seed(seed)
        model = M.Mlp()
        L.train_equality(model, SAME, examples=1 << 20, passes=3, rate=1e-3, seed=seed, note=None)
        accuracy = L.measure_equality(model, SAME, seed)["accuracy"]
        every, changing = search(model, a.k, a.steps, seed)
        print(f"seed {seed}: network {accuracy:.4f}, all trials {every:.4f}, answer changes {changing:.4f}", flush=True)


if __name__ == "__main__":
    main()
