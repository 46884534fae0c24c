"""The leanest cached PyTorch: only the tokens from the patched one on, keys and values of those before cached, P [k, d]
only, both sources of a target in one pass (`kv2`). Projections are merged, cached keys are shared by both sources,
and the last block computes the last token alone. Llama and Mistral without sliding windows.

Commands: `check` gives loss and gradients, `step HEAD` times a step; HEAD is `vocabulary` (all logits, as kv2 has it) or
`answers` (the answer tokens' rows of the head only).
"""

import torch
from torch.nn import functional as F
from transformers.models.llama.modeling_llama import rotate_half

from common import TangentAdam, load_models, Stopwatch, serve


class Suffix:
    """One target model above the site."""

    def __init__(self, model, task):
        if model.config.model_type not in ("llama", "mistral") or getattr(model.config, "sliding_window", None):
            raise SystemExit(f"lean.py computes Llama's blocks, not those of {model.config.model_type}")
        self.task, config = task, model.config
        self.eps, self.heads = config.rms_norm_eps, config.num_attention_heads
        self.groups, self.size = config.num_key_value_heads, model.model.layers[0].self_attn.head_dim
        with torch.no_grad():
            out = model.model(task.ids, output_hidden_states=True, use_cache=True)
            self.tokens = out.hidden_states[task.layer][:, task.position :].clone()
            caches = [out.past_key_values[i] for i in range(task.layer, config.num_hidden_layers)]
            keep = lambda cache: cache[:, :, : task.position].contiguous()
            self.past = [(keep(k), keep(v)) for k, v, *_ in caches]
            at = torch.arange(task.position, task.ids.shape[1])[None]
            self.cos, self.sin = (x[0] for x in model.model.rotary_emb(self.tokens, at))
            self.blocks = [self.weights(layer) for layer in model.model.layers[task.layer :]]
        self.norm, self.head = model.model.norm.weight, model.lm_head.weight
        self.answer_head = self.head[task.answers].contiguous()
        self.hidden_mask = torch.ones(task.width, task.width).triu(1).bool()

    @staticmethod
    def weights(layer):
        a, m = layer.self_attn, layer.mlp
        return {
            "norm1": layer.input_layernorm.weight,
            "qkv": torch.cat([a.q_proj.weight, a.k_proj.weight, a.v_proj.weight]),
            "o": a.o_proj.weight,
            "norm2": layer.post_attention_layernorm.weight,
            "gate_up": torch.cat([m.gate_proj.weight, m.up_proj.weight]),
            "down": m.down_proj.weight,
        }

    def rotate(self, x, last):
        cos, sin = (self.cos[-1:], self.sin[-1:]) if last else (self.cos, self.sin)
        return x * cos + rotate_half(x) * sin

    def attend(self, x, weights, past, last):
        """x [pair, source, token, d]; keys before the window are shared by the sources."""
        pairs, sources, width, d = x.shape
        group, kv = self.heads // self.groups, self.groups * self.size
        q, k, v = F.linear(x, weights["qkv"]).split([self.heads * self.size, kv, kv], -1)
        if last:
            q = q[:, :, -1:]
        rows = q.shape[2]
        # [pair, kv head, source, head of the group, token, size]
        q = q.view(pairs, sources, rows, self.groups, group, self.size).permute(0, 3, 1, 4, 2, 5)
        k, v = (t.view(pairs, sources, width, self.groups, self.size).permute(0, 3, 1, 2, 4) for t in (k, v))
        q = self.rotate(q, last) * self.size**-0.5
        k = self.rotate(k, False)
        flat = q.reshape(pairs * self.groups, sources * group * rows, self.size)
        own = q.reshape(pairs * self.groups * sources, group * rows, self.size)
        old_k, old_v = (t.flatten(0, 1) for t in past)
        before = torch.bmm(flat, old_k.mT).view(own.shape[0], group * rows, -1)
        here = torch.bmm(own, k.reshape(-1, width, self.size).mT)
        if rows > 1:
            here = here.view(-1, group, rows, width).masked_fill(self.hidden_mask, -torch.inf).flatten(1, 2)
        share = torch.cat([before, here], -1).softmax(-1)
        old, new = share.split([before.shape[-1], width], -1)
        mixed = torch.bmm(old.reshape(*flat.shape[:2], -1), old_v).view(own.shape)
        mixed = mixed + torch.bmm(new, v.reshape(-1, width, self.size))
        mixed = mixed.view(pairs, self.groups, sources, group, rows, self.size).permute(0, 2, 4, 1, 3, 5)
        return F.linear(mixed.reshape(pairs, sources, rows, -1), weights["o"])

    def answer_logits(self, patched, head, target=None):
        """patched [pair, source, d] -> [pair, source, answer]; `target` [pair] are prompts, those of the task by default."""
        task, d = self.task, patched.shape[-1]
        target = task.target if target is None else target
        later = self.tokens[target][:, None, 1:].expand(-1, patched.shape[1], -1, -1)
        x = torch.cat([patched[:, :, None], later], 2)
        for i, (weights, past) in enumerate(zip(self.blocks, self.past)):
            last = i == len(self.blocks) - 1 and x.shape[2] > 1
            chosen = tuple(t.index_select(0, target) for t in past)
            mixed = self.attend(F.rms_norm(x, (d,), weights["norm1"], self.eps), weights, chosen, last)
            x = (x[:, :, -1:] if last else x) + mixed
            gate, up = F.linear(F.rms_norm(x, (d,), weights["norm2"], self.eps), weights["gate_up"]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, weights["down"])
        x = F.rms_norm(x[:, :, -1], (d,), self.norm, self.eps)
        if head == "answers":
            return F.linear(x, self.answer_head)
        return F.linear(x, self.head)[..., task.answers]


def prepare(task):
    models = load_models(task)
    suffixes = [Suffix(models[0], task)]
    suffixes.append(suffixes[0] if models[1] is models[0] else Suffix(models[1], task))
    raw = [s.tokens[:, 0] for s in suffixes]
    normalised = [(h - m) / s for h, m, s in zip(raw, task.mean, task.sigmas)]

    def gradients(p, head):
        leaves = [x.clone().requires_grad_() for x in p]
        total = 0.0
        for t, suffix in enumerate(suffixes):
            own = normalised[t][task.target] @ leaves[t].T
            parts = [normalised[s][task.source] @ leaves[s].T - own for s in range(len(leaves))]
            shift = torch.stack(parts, 1) @ leaves[t]
            patched = raw[t][task.target][:, None] + task.sigmas[t] * shift
            logits = suffix.answer_logits(patched, head).flatten(0, 1)
            labels = task.labels[t].repeat_interleave(len(leaves))
            loss = task.loss(logits, labels).sum() / (len(suffixes) * len(labels))
            loss.backward()  # target by target: the memory of one
            total += float(loss)
        return total, [x.grad for x in leaves]

    def step(head):
        watch = Stopwatch()
        loss, slopes = gradients(task.p, head)
        moved = [TangentAdam().step(p, g, task.learningRate) for p, g in zip(task.p, slopes)]
        return {**watch.read(), "loss": loss, "moved": float(moved[0].sum())}

    def check():
        loss, slopes = gradients(task.p, "vocabulary")
        return {"loss": loss, "gradients": [g.flatten().tolist() for g in slopes]}

    return {"step": step, "check": check}


if __name__ == "__main__":
    serve(prepare)
