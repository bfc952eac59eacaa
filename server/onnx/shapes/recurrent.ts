import { intAttribute, stringAttribute } from '../attributes.ts';
import type { ShapeContext, ShapeRule } from './context.ts';

/**
 * LSTM, GRU and RNN: all states, the last of each direction, and for LSTM its last cell. Pictures
 * lie on the second axis, or with `layout` 1 on the first.
 */
export const recurrent: ShapeRule = (context: ShapeContext) => {
  const { type, shape } = context.input(0);
  const recurrence = context.input(2).shape;
  if (shape.length !== 3) context.fail('it reads other things than a sequence of rows');
  const isBatchFirst = intAttribute(context.node, 'layout', 0) === 1;
  const [steps, batch] = isBatchFirst ? [shape[1]!, shape[0]!] : [shape[0]!, shape[1]!];
  const directions =
    stringAttribute(context.node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
  const hidden = recurrence[2] ?? intAttribute(context.node, 'hidden_size', 0);
  const last = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const all = isBatchFirst
    ? [batch, steps, directions, hidden]
    : [steps, directions, batch, hidden];
  return [
    { type, shape: all },
    { type, shape: last },
    { type, shape: last },
  ];
};
