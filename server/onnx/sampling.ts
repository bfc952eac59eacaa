import type { Size } from '../../shared/geometry.ts';
import type { GraphBuilder } from './builder.ts';
import { floatTensor, type Tensor } from './tensor.ts';

export type Span = readonly [start: number, length: number];

/**
 * Bilinear sampling along one axis as a matrix [to, from]: row i holds the weights with which
 * pixels of a line of `from` pixels over `fromSpan` make up the centre of pixel i of `to` over
 * `toSpan`. Rows are zero outside of `fromSpan`.
 */
export function samplingMatrix(from: number, fromSpan: Span, to: number, toSpan: Span): Tensor {
  const data = new Float32Array(to * from);
  for (let pixel = 0; pixel < to; pixel++) {
    const inFrame = toSpan[0] + ((pixel + 0.5) / to) * toSpan[1];
    const at = ((inFrame - fromSpan[0]) / fromSpan[1]) * from - 0.5;
    if (at < -0.5 || at > from - 0.5) continue;
    const first = Math.min(from - 1, Math.max(0, Math.floor(at)));
    const second = Math.min(from - 1, first + 1);
    const share = Math.min(1, Math.max(0, at - first));
    data[pixel * from + first]! += 1 - share;
    data[pixel * from + second]! += share;
  }
  return floatTensor([to, from], data);
}

export function transposed(matrix: Tensor): Tensor {
  const [rows, columns] = matrix.dims as [number, number];
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      data[column * rows + row] = matrix.data[row * columns + column] as number;
  return floatTensor([columns, rows], data);
}

/**
 * Appends `map` [N,1,from] resized to [N,1,to] bilinearly; both grids share the picture out evenly.
 */
export function resized(builder: GraphBuilder, map: string, from: Size, to: Size): string {
  const along = (length: number, wanted: number) => samplingMatrix(length, [0, 1], wanted, [0, 1]);
  let result = map;
  if (from.height !== to.height)
    result = builder.node('MatMul', [
      builder.constant(along(from.height, to.height), 'rows'),
      result,
    ]);
  if (from.width !== to.width)
    result = builder.node('MatMul', [
      result,
      builder.constant(transposed(along(from.width, to.width)), 'columns'),
    ]);
  return result;
}
