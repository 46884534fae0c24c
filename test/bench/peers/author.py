"""The author's way, for this site: full d x d orthogonal matrices by the matrix exponential (PyTorch's own
parametrisation), the whole sequence from the embeddings, logits of the whole vocabulary at all positions.

Commands: `check` gives the loss of all directions; `direction N` times one of the four directions (forward, loss, backward
into the skew matrices) and the update of both matrices. Kept in its favour: each matrix is made once per direction,
source states are made beforehand, attention is fused, nothing below the site is differentiated.
"""

import torch
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal

from common import load_models, natural_states, Stopwatch, serve


def rotation(p):
    """A d x d orthogonal matrix whose first k columns are P^T."""
    k, d = p.shape
    whole, _ = torch.linalg.qr(torch.cat([p.T, torch.randn(d, d - k)], 1))
    whole[:, :k] = p.T
    layer = orthogonal(torch.nn.Linear(d, d, bias=False), orthogonal_map="matrix_exp")
    layer.weight = whole
    return layer


def prepare(task):
    torch.manual_seed(0)
    models = load_models(task)
    states = [natural_states(models[0], task)]
    states.append(states[0] if models[1] is models[0] else natural_states(models[1], task))
    turns = [rotation(p) for p in task.p]
    optimiser = torch.optim.Adam([x for turn in turns for x in turn.parameters()], lr=1e-3)
    mask = (torch.arange(len(task.mean[0])) < task.k).float()
    directions = [(s, t) for t in range(2) for s in range(2)]

    def losses(source, target):
        model, (mean, sigma) = models[target], (task.mean[target], task.sigmas[target])

        def patch(_module, _inputs, output):
            hidden = output[0] if isinstance(output, tuple) else output
            here = (hidden[:, task.position] - mean) / sigma @ turns[target].weight
            there = (states[source][task.source] - task.mean[source]) / task.sigmas[source] @ turns[source].weight
            mixed = ((1 - mask) * here + mask * there) @ turns[target].weight.T * sigma + mean
            hidden = hidden.clone()
            hidden[:, task.position] = mixed
            return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

        hook = model.model.layers[task.layer - 1].register_forward_hook(patch)
        try:
            with parametrize.cached():
                logits = model(task.ids[task.target], use_cache=False).logits
        finally:
            hook.remove()
        return task.loss(logits[:, -1][:, task.answers], task.labels[target])

    def direction(n):
        watch = Stopwatch()
        losses(*directions[int(n) % len(directions)]).mean().backward()
        forth_and_back, watch = watch.read(), Stopwatch()
        optimiser.step()
        optimiser.zero_grad()
        return {"direction": forth_and_back, "update": watch.read()}

    @torch.no_grad()
    def check():
        return {"loss": float(torch.stack([losses(*d).mean() for d in directions]).mean())}

    return {"direction": direction, "check": check}


serve(prepare)
