/** @file The learned maps as a safetensors file: one matrix per parameter, network and seed. */
import { present } from "../errors.js";
import type { AlignmentMeasures } from "../measure/networks/align-networks.js";
import { encodeSafetensors, storedFloat32 } from "../store/safetensors.js";

/** Maps of one learning. */
export interface SeedMaps extends Pick<AlignmentMeasures, "maps" | "networks"> {
  readonly seed: number;
}

/** Bytes of the file; tensors are called `seed/NETWORK/PARAMETER`, `[k, d]` where the parameter is a subspace. */
export function encodeMaps(runs: readonly SeedMaps[], facts: { readonly map: string }): Uint8Array {
  const tensors = runs.flatMap(({ seed, maps, networks }) =>
    maps.flatMap((parameters, i) =>
      Object.entries(parameters).map(([name, { rows, cols, data }]) => {
        const network = present(networks[i], "network").name;
        const tensor = storedFloat32(Float32Array.from(data), [rows, cols]);
        return [`${seed}/${network}/${name}`, tensor] as const;
      }),
    ),
  );
  const metadata = { format: "mas-audit/maps@1", map: facts.map };
  return encodeSafetensors(new Map(tensors), new Map(Object.entries(metadata)));
}
