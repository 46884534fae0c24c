/** @file Gromov–Wasserstein distances between layers as pictures with their blocks, and the pairs that are proposed. */
import type { JSX } from "preact";
import type { SubNetworksPart } from "../schema-sub-networks.js";
import { blocksText, hintText, spanText } from "../sub-networks-text.js";
import { HeatMap, type Look } from "./heat-map.js";
import { DataTable, Fold, numbers, Plain, RowHead, texts } from "./parts.js";

interface Layers {
  readonly base: readonly number[];
  readonly tuned: readonly number[];
}

/** The section of sub-networks. */
export function SubNetworks({
  of: part,
  layers,
}: {
  readonly of: SubNetworksPart;
  readonly layers: Layers;
}): JSX.Element {
  const { between, within, blocks } = part;
  const most = Math.max(...[between, within.base, within.tuned].flat(2).map((value) => value ?? 0));
  return (
    <section>
      <h2>Sub-networks</h2>
      <p>
        {part.measure}, n = {part.n} prompts. 0 is the same distances between prompts, whichever
        prompt lies on which.
      </p>
      <p class="quiet small">
        Full colour is 0, white is {most.toFixed(3)}, the largest here; · is undefined.
      </p>
      <Distances
        name="Base against tuned"
        values={between}
        most={most}
        sides={["base", "tuned"]}
        layers={layers}
      />
      {(["base", "tuned"] as const).map((side) => (
        <>
          <Distances
            name={`Within the ${side} model`}
            {...{ values: within[side], most, layers }}
            sides={[side, side]}
            blocks={blocks[side].found}
          />
          <p>{blocksText(blocks[side])}</p>
        </>
      ))}
      <p class="quiet small">Blocks: {blocks.criterion}.</p>
      <Pairs of={part} />
      <Undefined of={part} />
    </section>
  );
}

function Distances({
  name,
  values,
  most,
  sides: [down, across],
  layers,
  blocks = [],
}: {
  readonly name: string;
  readonly values: SubNetworksPart["between"];
  readonly most: number;
  readonly sides: readonly [keyof Layers, keyof Layers];
  readonly layers: Layers;
  readonly blocks?: SubNetworksPart["blocks"]["base"]["found"];
}): JSX.Element {
  const look: Look = {
    strength: (value) => (most > 0 ? 1 - value / most : 1),
    figure: (value) => value.toFixed(3).replace(/^0/, ""),
  };
  const own = layers[down];
  return (
    <>
      <h3>{name}</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label={`${name}, picture`}>
        <HeatMap
          title={`Gromov–Wasserstein distances: ${name.toLowerCase()}`}
          rows={{ title: `${down} layer`, names: own.map(String) }}
          columns={{ title: `${across} layer`, names: layers[across].map(String) }}
          {...{ values, look }}
          blocks={blocks.map(({ first, last }) => [own.indexOf(first), own.indexOf(last)] as const)}
        />
      </div>
      <Fold summary="The figures">
        <DataTable
          caption={`${name}; rows: ${down} layers, columns: ${across} layers`}
          head={[...texts(down), ...numbers(...layers[across].map(String))]}
        >
          {values.map((row, i) => (
            <tr>
              <RowHead>{own[i]}</RowHead>
              {row.map((value) => (
                <Plain of={value ?? undefined} />
              ))}
            </tr>
          ))}
        </DataTable>
      </Fold>
    </>
  );
}

function Pairs({ of: { pairs } }: { readonly of: SubNetworksPart }): JSX.Element {
  return (
    <>
      <h3>Pairs for an audit</h3>
      <DataTable
        caption="Each with the tuned layer at the smallest distance"
        head={[...texts("block of the base"), ...numbers("base layer", "tuned layer", "distance")]}
      >
        {pairs.proposed.map(({ block, base, tuned, distance }) => (
          <tr>
            <RowHead>{block === null ? "none" : spanText(block)}</RowHead>
            <td class="n">{base}</td>
            <td class="n">{tuned}</td>
            <Plain of={distance} />
          </tr>
        ))}
      </DataTable>
      <p>{pairs.layers === null ? hintText(pairs) : <code>{hintText(pairs)}</code>}</p>
      <p class="quiet small">Pairs: {pairs.criterion}.</p>
    </>
  );
}

function Undefined({ of: part }: { readonly of: SubNetworksPart }): JSX.Element | null {
  if (part.undefined.length === 0) return null;
  return (
    <ul>
      {part.undefined.map(({ model, layer, reason }) => (
        <li>
          {model} layer {layer}: undefined, {reason}
        </li>
      ))}
    </ul>
  );
}
