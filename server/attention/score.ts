import type { GraphBuilder } from '../onnx/builder.ts';

/**
 * Appends the on-road score: `onRoad` [N] = mask mass inside the region ÷ mask mass (NaN for an empty mask). `raised` is the mask
 * [N,1,H,W] with values ≥ 0 at any scale, `region` uint8 [N, H × W], 0 or 255.
 */
export function appendOnRoad(builder: GraphBuilder, raised: string, region: string, pixels: number, output: string): void {
  const row = builder.reshape(raised, [0, 1, pixels]);
  const column = builder.reshape(builder.node('Cast', [region], { to: 1 }), [0, pixels, 1]);
  const inside = builder.scale(builder.node('MatMul', [row, column]), 1 / 255);
  const all = builder.node('MatMul', [row, builder.ones([pixels, 1])]);
  builder.reshape(builder.node('Div', [inside, all]), [-1], output);
}
