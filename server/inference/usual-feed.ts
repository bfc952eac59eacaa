import type { ValueInfo } from '../onnx/graph.ts';
import { DataType } from '../onnx/tensor.ts';
import type { Feed } from './sidecar-form.ts';

/** An entry of a sidecar for an input beside the picture, and why it may be that. */
export interface UsualFeed {
  readonly feed: Feed;
  readonly why: string;
}

/** What an input of this name and shape is usually fed with; a proposal, never taken by itself. */
export function usualFeed({ name, type, shape }: ValueInfo): UsualFeed {
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
  if (/command|direction|intent|desire/i.test(name) && elements > 1)
    return {
      feed: { signal: name, oneHot: elements, otherwise: 0 },
      why: `${elements} numbers for a command are usually one for each`,
    };
  if (/command|direction|intent/i.test(name))
    return { feed: { signal: name, otherwise: 0 }, why: 'it is called so' };
  if (/(^|_)(h|c|state|hidden)(_|\d|$)/i.test(name))
    return {
      feed: { constant: 0 },
      why: 'it may be state that is fed back; held at 0, every frame starts anew',
    };
  return { feed: { constant: 0 }, why: 'nothing says what it is: correct this' };
}
