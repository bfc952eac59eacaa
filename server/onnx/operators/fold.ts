import type { Dimension, Node } from '../graph.ts';
import { DataType, dataConstructor, type Tensor } from '../tensor.ts';

/** Numbers that are known before a network runs, row-major; free sizes stand for themselves. */
export interface Values {
  readonly type: number;
  readonly dims: readonly number[];
  readonly data: readonly Dimension[];
}

export interface FoldContext {
  readonly node: Node;
  readonly opset: number;
  /** Values of the inputs; null for one that is left out. */
  readonly inputs: readonly (Values | null)[];
  /** Of the outputs, as their shapes were inferred. */
  readonly outputs: readonly { readonly type: number; readonly dims: readonly number[] }[];
}

/** Data of the outputs, in order; null where it cannot be told. */
export type Fold = (context: FoldContext) => readonly (readonly Dimension[])[] | null;

/** Types whose numbers are kept as bits are left to the network. */
export function valuesOf({ type, dims, data }: Tensor): Values | null {
  return type === DataType.float16 || type === DataType.bfloat16
    ? null
    : { type, dims, data: Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Null where free sizes are among them, or the type cannot be written. */
export function tensorOf({ type, dims, data }: Values): Tensor | null {
  const Data = dataConstructor(type);
  if (
    !Data ||
    type === DataType.float16 ||
    type === DataType.bfloat16 ||
    !data.every((value) => typeof value === 'number')
  )
    return null;
  const written = new Data(data.length);
  if (written instanceof BigInt64Array || written instanceof BigUint64Array)
    data.forEach((value, at) => {
      written[at] = BigInt.asIntN(64, whole(value));
    });
  else written.set(data);
  return { type: type as Tensor['type'], dims, data: written };
}

/** The ends of 64 bits are no exact numbers, and stand for "as far as there is". */
function whole(value: number): bigint {
  if (!(value > -(2 ** 63))) return -(2n ** 63n);
  return value >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(Math.trunc(value));
}
