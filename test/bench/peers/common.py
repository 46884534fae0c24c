"""What the peers of `npm run bench -- --only step` share: the task, the models, the update, and the talk with the bench.

A peer is started with the path of a task (JSON, see `step-task.ts`) and then reads one command per line; it answers
each with one line of JSON. Times are of the process's own clock, in milliseconds.
"""

import json
import sys
import time

import torch


class Task:
    """One step's worth of pairs. Rows of `starts` are P, [k, d]; model 0 is the base, model 1 the tuned one."""

    def __init__(self, path):
        with open(path) as file:
            self.__dict__.update(json.load(file))
        torch.set_num_threads(self.threads)
        self.ids = torch.tensor(self.prompts)
        self.target = torch.tensor(self.pairs["target"])
        self.source = torch.tensor(self.pairs["source"])
        self.labels = torch.tensor(self.labels)
        self.answers = torch.tensor(self.answerIds)
        self.class_of = torch.tensor(self.classOf)
        self.p = [torch.tensor(p).reshape(self.k, -1) for p in self.starts]
        self.mean = [torch.tensor(m) for m in self.means]
        self.width = self.ids.shape[1] - self.position  # tokens from the patched one on

    def loss(self, answer_logits, labels):
        """[row, answer] logits -> [row], nats: -log p(class) within the answer set."""
        member = torch.nn.functional.one_hot(self.class_of).T.bool()
        by_class = answer_logits[:, None, :].masked_fill(~member, -1e30).logsumexp(-1)
        log_prob = by_class - answer_logits.logsumexp(-1, keepdim=True)
        return -log_prob.gather(1, labels[:, None])[:, 0]


def load_models(task):
    """Both models, frozen, float32; one object where both are the same folder."""
    from transformers import AutoModelForCausalLM

    def load(path):
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="sdpa")
        return model.eval().requires_grad_(False)

    base = load(task.base)
    return [base, base if task.tuned == task.base else load(task.tuned)]


@torch.no_grad()
def natural_states(model, task):
    """[item, d] at the site."""
    out = model.model(task.ids, output_hidden_states=True, use_cache=False)
    return out.hidden_states[task.layer][:, task.position]


class TangentAdam:
    """Adam in the tangent space with one second moment per P, and retraction by QR; as the product does."""

    def __init__(self):
        self.momentum, self.second, self.t = 0.0, 0.0, 0

    def step(self, p, gradient, rate):
        def tangent(g):
            inner = g @ p.T
            return g - (inner + inner.T) / 2 @ p

        self.t += 1
        xi = tangent(gradient)
        carried = tangent(self.momentum) if self.t > 1 else 0.0
        self.momentum = 0.9 * carried + 0.1 * xi
        self.second = 0.999 * self.second + 0.001 * float(xi.square().sum()) / (p.shape[0] * 64)
        size = rate / (1 - 0.9**self.t) / ((self.second / (1 - 0.999**self.t)) ** 0.5 + 1e-12)
        q, r = torch.linalg.qr((p - size * self.momentum).T)
        return (q * torch.sign(torch.diagonal(r))).T.contiguous()


class Stopwatch:
    """Wall and processor time since it was made, milliseconds."""

    def __init__(self):
        self.wall, self.processor = time.perf_counter(), time.process_time()

    def read(self):
        wall, processor = time.perf_counter() - self.wall, time.process_time() - self.processor
        return {"ms": wall * 1e3, "cpuMs": processor * 1e3}


def serve(prepare):
    """`prepare(task)` returns the commands by name; each takes the words that follow it and returns what to print."""
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    task = Task(sys.argv[1])
    commands = prepare(task)

    def answer(value):
        out.write(json.dumps(value) + "\n")
        out.flush()

    answer({"ready": True, "torch": torch.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        name, *words = line.split()
        answer(commands[name](*words))
