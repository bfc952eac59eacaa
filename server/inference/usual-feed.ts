import type { ValueInfo } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import type { Feed } from './sidecar-form.ts';

/** An entry of a sidecar for an input beside the picture, and why it may be that. */
export interface UsualFeed {
  readonly feed: Feed;
  readonly why: string;
}

/** What an input of this name and shape is usually fed with; a proposal, never taken by itself. */
export function usualFeed(
  { name, type, shape }: ValueInfo,
  outputs: readonly ValueInfo[] = [],
): UsualFeed {
  const row = (shape ?? []).slice(1).map(Number);
  const elements = row.reduce((product, size) => product * (size || 1), 1);
  if (/keep/i.test(name))
    return { feed: { constant: 1 }, why: 'a network that drives keeps all of its values' };
  if (/train|learning|dropout/i.test(name) || type === DataType.bool)
    return { feed: { constant: 0 }, why: 'a network that drives does not learn' };
  if (/speed|velocity/i.test(name) && elements === 1)
    return {
      feed: { signal: 'speed', unit: 'm/s', otherwise: 0 },
      why: 'it is called so; the scale is not known',
    };
  if (/command|direction|intent|desire/i.test(name) && elements > 1 && row.length === 1)
    return {
      feed: { signal: name, oneHot: elements, otherwise: 0 },
      why: `${elements} numbers for a command are usually one for each`,
    };
  if (/command|direction|intent/i.test(name))
    return { feed: { signal: name, otherwise: 0 }, why: 'it is called so' };
  const state = stateOutput({ name, type, shape }, outputs);
  if (state)
    return {
      feed: { state, start: 0, warmUp: 20 },
      why: `it is shaped and called as "${state}", which may go back to it with the next frame`,
    };
  if (/^features_buffer$/.test(name)) {
    const [features, whole] = [row.at(-1)!, (outputs[0]?.shape ?? []).map(Number).at(-1)!];
    if (features > 0 && whole > features)
      return {
        feed: { state: outputs[0]!.name, elements: [whole - features, whole], queue: true },
        why: 'openpilot keeps the last features here, the end of its output: correct "elements"',
      };
  }
  if (/^traffic_convention$/.test(name) && elements === 2)
    return { feed: { constant: [1, 0] }, why: 'driving on the right; [0, 1] is the left' };
  if (/(^|_)(h|c|state|hidden)(_|\d|$)/i.test(name))
    return {
      feed: { constant: 0 },
      why: 'it may be state that is fed back; held at 0, every frame starts anew',
    };
  return { feed: { constant: 0 }, why: 'nothing says what it is: correct this' };
}

/** An output that looks like the same state, as `h_out` of `h_in`; null where there is none. */
function stateOutput({ name, shape }: ValueInfo, outputs: readonly ValueInfo[]): string | null {
  const base = (text: string) =>
    text.toLowerCase().replace(/(^|_)(in|out|prev|previous|next|new|old)(?=_|\d|$)/g, '');
  const same = outputs.find(
    (output) =>
      base(output.name) === base(name) &&
      output.shape?.length === shape?.length &&
      output.shape?.every((size, axis) => axis === 0 || size === shape?.[axis]),
  );
  return same?.name ?? null;
}
