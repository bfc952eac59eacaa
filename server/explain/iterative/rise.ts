import { coverOption, coverPicture, type Cover } from './cover.ts';
import { pictureDims, runPasses, type IterativeMethod } from './method.ts';
import { pictureGrid } from './picture-grid.ts';
import { randomNumbers, seedOption } from './random.ts';

/**
 * RISE (Petsiuk et al. 2018, section 3): the picture is seen through random soft masks M, and a
 * pixel gets (1 ÷ (N·p)) Σ (f(x ⊙ M) − f̄) · M. A mask is a grid of cells that stay with probability
 * p, drawn larger than the picture, shifted by part of a cell, and interpolated. The paper's f is
 * a probability; of an angle, which has no zero of its own, the mean f̄ over all masks is taken away
 * first, or every pixel would get it.
 */
export const riseMethod: IterativeMethod = {
  id: 'rise',
  needs: 'value',
  options: [
    {
      name: 'masks',
      about: 'random masks',
      kind: 'number',
      fallback: 1000,
      least: 2,
      most: 16_384,
      whole: true,
    },
    {
      name: 'cells',
      about: 'cells of a mask along the shorter side',
      kind: 'number',
      fallback: 7,
      least: 1,
      most: 64,
      whole: true,
    },
    {
      name: 'kept',
      about: 'share of the cells that stay',
      kind: 'number',
      fallback: 0.5,
      least: 0.01,
      most: 0.99,
    },
    coverOption('fill', 'what shows where a mask is closed', 'zero'),
    seedOption('another one gives other masks'),
  ],
  async run(context, options) {
    const { picture, image, passes } = context;
    const { channels, height, width, plane, step } = pictureGrid(image);
    const count = options['masks'] as number;
    const kept = options['kept'] as number;
    const random = randomNumbers(options['seed'] as number);
    const side = Math.min(height, width) / (options['cells'] as number);
    const cover = await coverPicture(options['fill'] as Cover, context);
    // Σ f·M and Σ M, so that no mask has to be kept until the mean is known.
    const weighted = new Float64Array(height * width);
    const open = new Float64Array(height * width);
    let total = 0;
    // Counted from the first answer: a network that always gives the same leaves exact zeros.
    let first: number | null = null;
    await runPasses(
      context,
      count,
      async () => {
        const mask = softMask({ height, width }, { side, kept, random });
        const seen = new Float32Array(picture.length);
        for (let position = 0; position < mask.length; position++) {
          for (let channel = 0; channel < channels; channel++) {
            const at = channel * plane + position * step;
            seen[at] = cover[at]! + mask[position]! * (picture[at]! - cover[at]!);
          }
        }
        return { value: await passes.value(seen), mask };
      },
      ({ value, mask }) => {
        const change = value - (first ??= value);
        total += change;
        for (let position = 0; position < mask.length; position++) {
          weighted[position]! += change * mask[position]!;
          open[position]! += mask[position]!;
        }
      },
    );
    const values = new Float32Array(picture.length);
    for (let position = 0; position < weighted.length; position++) {
      const credit = (weighted[position]! - (total / count) * open[position]!) / (count * kept);
      for (let channel = 0; channel < channels; channel++)
        values[channel * plane + position * step] = credit;
    }
    return { values, dims: pictureDims(image), note: `${count} random masks.` };
  },
};

/** Values 0…1, [H·W]. The corners of the cells are drawn; between them it is bilinear. */
function softMask(
  { height, width }: { readonly height: number; readonly width: number },
  {
    side,
    kept,
    random,
  }: { readonly side: number; readonly kept: number; readonly random: () => number },
): Float32Array {
  const [rows, columns] = [height, width].map((length) => Math.ceil(length / side) + 2) as [
    number,
    number,
  ];
  const cells = Float32Array.from({ length: rows * columns }, () => (random() < kept ? 1 : 0));
  const [down, right] = [random(), random()];
  const mask = new Float32Array(height * width);
  for (let y = 0; y < height; y++) {
    const fromTop = y / side + down;
    const row = Math.floor(fromTop);
    for (let x = 0; x < width; x++) {
      const fromLeft = x / side + right;
      const column = Math.floor(fromLeft);
      const at = row * columns + column;
      const upper = cells[at]! + (fromLeft - column) * (cells[at + 1]! - cells[at]!);
      const lower =
        cells[at + columns]! +
        (fromLeft - column) * (cells[at + columns + 1]! - cells[at + columns]!);
      mask[y * width + x] = upper + (fromTop - row) * (lower - upper);
    }
  }
  return mask;
}
