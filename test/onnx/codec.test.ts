import { describe, expect, it } from "vitest";
import { readModel, decodeModel } from "../../src/onnx/decode.js";
import { encodeModel } from "../../src/onnx/encode.js";

it("x", () => {
  for (const p of ["llama/optimum-past","gpt2/optimum-nopast","qwen2/dynamo18","llama/genai-fp32-cpu","llama/optimum-merged"]) {
    const path = `/work/shared/exports/${p}/model.onnx`;
    const t=performance.now();
    const m = readModel(path);
    const one = encodeModel(m);
    const again = encodeModel(decodeModel(one.bytes, one.folder+"/x.onnx"), {folder: one.folder!});
    console.log(p, m.graph.nodes.length, one.bytes.length, Buffer.compare(one.bytes, again.bytes), performance.now()-t);
  }
  const t=performance.now();
  const m = readModel("/tmp/scratch/real/onnx/base/model.onnx");
  console.log(m.graph.nodes.length, encodeModel(m).bytes.length, performance.now()-t, process.memoryUsage().rss/1e6);
});
