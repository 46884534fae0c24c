"""The path that the author's way takes: full d x d orthogonal matrices from a random start, Adam at its rate of 1e-3, behaviour
alone, fresh pairs at every step. Rows go through the lean pass, which gives the same numbers, so that hundreds of steps can
be followed; what a step costs is asked of `author.py`.

Command: `walk N` takes N more steps and gives the steps so far and the held-out IIA, mean of the four directions.
"""

import torch
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import orthogonal

from common import load_models, serve
from lean import Suffix

RATE = 1e-3


def prepare(task):
    torch.manual_seed(0)
    models = load_models(task)
    suffixes = [Suffix(models[0], task)]
    suffixes.append(suffixes[0] if models[1] is models[0] else Suffix(models[1], task))
    raw = [s.tokens[:, 0] for s in suffixes]
    normalised = [(h - m) / s for h, m, s in zip(raw, task.mean, task.sigmas)]

    def random_rotation(d):
        layer = orthogonal(torch.nn.Linear(d, d, bias=False), orthogonal_map="matrix_exp")
        layer.weight = torch.nn.init.orthogonal_(torch.empty(d, d))
        return layer

    turns = [random_rotation(h.shape[1]) for h in raw]
    optimiser = torch.optim.Adam([x for turn in turns for x in turn.parameters()], lr=RATE)
    held = {name: torch.tensor(values) for name, values in task.heldOut.items() if name != "labels"}
    held_labels = torch.tensor(task.heldOut["labels"])
    state = {"steps": 0, "order": torch.empty(0, dtype=torch.long)}

    def logits(t, p, target, source):
        own = normalised[t][target] @ p[t].T
        parts = [normalised[s][source] @ p[s].T - own for s in range(len(p))]
        patched = raw[t][target][:, None] + task.sigmas[t] * (torch.stack(parts, 1) @ p[t])
        return suffixes[t].answer_logits(patched, "answers", target)

    def batch():
        if len(state["order"]) < task.batch:
            state["order"] = torch.randperm(len(task.target))
        chosen, state["order"] = state["order"][: task.batch], state["order"][task.batch :]
        return chosen

    def step():
        chosen = batch()
        with parametrize.cached():
            p = [turn.weight[:, : task.k].T for turn in turns]
            leaves = [x.detach().requires_grad_() for x in p]
            for t in range(len(p)):
                out = logits(t, leaves, task.target[chosen], task.source[chosen]).flatten(0, 1)
                loss = task.loss(out, task.labels[t][chosen].repeat_interleave(len(p)))
                loss.sum().div(len(p) * len(loss)).backward()
            torch.autograd.backward(p, [x.grad for x in leaves])
        optimiser.step()
        optimiser.zero_grad()
        state["steps"] += 1

    @torch.no_grad()
    def accuracy():
        p = [turn.weight[:, : task.k].T for turn in turns]
        member = torch.nn.functional.one_hot(task.class_of).T.bool()
        hits = []
        for t in range(len(p)):
            out = logits(t, p, held["target"], held["source"])
            by_class = out[..., None, :].masked_fill(~member, -1e30).logsumexp(-1)
            hits.append((by_class.argmax(-1) == held_labels[t][:, None]).float().mean())
        return float(torch.stack(hits).mean())

    def walk(n):
        for _ in range(int(n)):
            step()
        return {"steps": state["steps"], "iia": accuracy()}

    return {"walk": walk}


serve(prepare)
