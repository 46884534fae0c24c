/** @file The adapters, most specific first. */
import type { Adapter } from "./adapter.js";
import { checkpoint } from "./checkpoint.js";
import { genai } from "./genai.js";
import { generic } from "./generic.js";
import { onnxCommunity } from "./onnx-community.js";
import { optimum } from "./optimum.js";
import { ortOptimiser } from "./ort-optimiser.js";
import { torchDynamo } from "./torch-dynamo.js";
import { torchScript } from "./torchscript.js";

/** In the order in which they are asked. A file belongs to one at most, besides the last. */
export const ADAPTERS: readonly Adapter[] = [
  checkpoint,
  genai,
  ortOptimiser,
  onnxCommunity,
  optimum,
  torchDynamo,
  torchScript,
  generic,
];
