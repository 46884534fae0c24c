/**
 * @file What the learner needs of a target model: the suffix at one site as a function of the patched state.
 * The learner knows no ONNX; tests give it closed-form continuations.
 */

/** Result of one forward and backward pass. */
export interface Backward {
  /** `[row]`, nats: −log probability of the row's label within the answer set. */
  readonly lossNats: Float32Array;
  /** `[row, class]`, log-probability within the answer set. */
  readonly classLogProb: Float32Array;
  /** `[row, dModel]`: d(sum of lossNats)/d(patched). */
  readonly gradient: Float32Array;
}

/** The frozen target model above one site (layer and position role). Row r continues prompt `items[r]`. */
export interface Continuation {
  readonly dModel: number;
  readonly nClasses: number;
  /** `patched`: `[row, dModel]` → `[row, class]` log-probabilities within the answer set. */
  classLogProb(items: Int32Array, patched: Float32Array): Promise<Float32Array>;
  /** As {@link Continuation.classLogProb}, with `labels[row]` (class index) and the gradient. */
  backward(items: Int32Array, patched: Float32Array, labels: Int32Array): Promise<Backward>;
  /**
   * `[row, dModel]`: the natural states that a patch of these prompts overwrites, read from what a run is fed, so that
   * they can be compared with the captured ones. Absent in closed forms, which have no prompt.
   */
  overwritten?(items: Int32Array): Float32Array;
}
