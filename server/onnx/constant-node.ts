import type { Node } from './graph.ts';
import { DataType, floatTensor, type Tensor } from './tensor.ts';

/**
 * What a Constant node gives; null for other nodes and for kinds that Roadgaze does not read
 * (strings, sparse tensors).
 */
export function constantOf(node: Node): Tensor | null {
  if (node.op !== 'Constant' || node.domain !== '') return null;
  for (const [name, attribute] of node.attributes) {
    switch (attribute.kind) {
      case 'tensor':
        return name === 'value' ? attribute.value : null;
      case 'float':
        return floatTensor([], [attribute.value]);
      case 'floats':
        return floatTensor([attribute.value.length], attribute.value);
      case 'int':
        return { type: DataType.int64, dims: [], data: BigInt64Array.of(attribute.value) };
      case 'ints':
        return {
          type: DataType.int64,
          dims: [attribute.value.length],
          data: BigInt64Array.from(attribute.value),
        };
      default:
        return null;
    }
  }
  return null;
}
