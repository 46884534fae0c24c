"""pyvene's rotated-space interchange at the same site, within one model (it has no second one), at full sequence length.

Command: `direction N` times forward (source and target), loss, backward and the update of one direction.
"""

import torch

from common import load_models, Stopwatch, serve


def prepare(task):
    import pyvene  # speaks while it is imported: only after `serve` has put the answers apart

    models = load_models(task)

    def intervenable(model):
        config = pyvene.IntervenableConfig(
            [{"layer": task.layer - 1, "component": "block_output", "max_number_of_units": 1}],
            pyvene.RotatedSpaceIntervention,
        )
        wrapped = pyvene.IntervenableModel(config, model, use_fast=True)
        wrapped.disable_model_gradients()
        for intervention in wrapped.interventions.values():
            intervention.set_interchange_dim(task.k)
        return wrapped, torch.optim.Adam(wrapped.get_trainable_parameters(), lr=1e-3)

    wrapped = [intervenable(model) for model in models[: 1 if models[0] is models[1] else 2]]
    at = {"sources->base": (task.position, task.position)}

    def direction(n):
        model, optimiser = wrapped[int(n) % len(wrapped)]
        watch = Stopwatch()
        _, out = model({"input_ids": task.ids[task.target]}, [{"input_ids": task.ids[task.source]}], at)
        loss = task.loss(out.logits[:, -1][:, task.answers], task.labels[0]).mean()
        loss.backward()
        forth_and_back, watch = watch.read(), Stopwatch()
        optimiser.step()
        optimiser.zero_grad()
        return {"direction": forth_and_back, "update": watch.read(), "loss": float(loss)}

    return {"direction": direction}


serve(prepare)
