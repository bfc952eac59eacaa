import { RoadgazeError } from '../../shared/errors.ts';
import type { Model } from '../onnx/graph.ts';
import { DataType, elementCount } from '../onnx/tensor.ts';
import { isConstant, type Feed, type Sidecar } from './sidecar-form.ts';
import { rowOfInput } from './signal-inputs.ts';

/** What a person wants otherwise than the sidecar says. */
export interface ByHand {
  /** Inputs that the sidecar holds constant, and that are to be fed anew with each frame. */
  readonly constants: readonly string[];
  readonly output: { readonly tensor: string; readonly element: number } | null;
  /** Of a stack, the frame so many steps back is shown. */
  readonly stepsBack: number;
}

/**
 * The sidecar with these constants as signals, which no log has, and with another number to explain.
 * Throws USAGE where an input cannot be set.
 */
export function withByHand(sidecar: Sidecar, model: Model, byHand: ByHand): Sidecar {
  const feeds: Record<string, Feed> = { ...sidecar.feeds };
  for (const name of byHand.constants) {
    const feed = Object.hasOwn(feeds, name) ? feeds[name] : undefined;
    const input = model.inputs.find((each) => each.name === name);
    const isNumber = input?.shape && input.type !== DataType.string && input.type !== DataType.bool;
    const row = input && isNumber ? rowOfInput(input) : [''];
    if (!feed || !isConstant(feed) || !row.every((size) => typeof size === 'number'))
      throw new RoadgazeError(
        'USAGE',
        `The input "${name}" of ${model.source} takes no numbers that can be set by hand.`,
        'Change its entry in the sidecar instead.',
      );
    const signal = Array.from({ length: elementCount(row.map(Number)) }, () => name);
    feeds[name] = { signal, otherwise: 0 };
  }
  return {
    ...sidecar,
    feeds,
    ...(byHand.output ? { output: otherOutput(sidecar, byHand.output) } : {}),
  };
}

/** What the sidecar says of its own number does not hold for another one. */
function otherOutput(
  { output }: Sidecar,
  { tensor, element }: NonNullable<ByHand['output']>,
): NonNullable<Sidecar['output']> {
  const isOwn =
    output?.tensor === tensor &&
    output.bins === undefined &&
    (output.element ?? output.index ?? 0) === element;
  return isOwn ? output : { tensor, element, isOther: true };
}
