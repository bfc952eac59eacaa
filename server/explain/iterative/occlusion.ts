import { RoadgazeError } from '../../../shared/errors.ts';
import type { MethodOption, OptionValues } from '../method-options.ts';
import { coverOption, coverPicture, type Cover } from './cover.ts';
import { pictureDims, runPasses, type IterativeMethod } from './method.ts';
import { pictureGrid, type PictureGrid } from './picture-grid.ts';

const size = (name: string, about: string): MethodOption => ({
  name,
  about: `${about}; 0 chooses by the picture's size`,
  kind: 'number',
  fallback: 0,
  least: 0,
  most: 4096,
  whole: true,
});

/** Windows over a picture: first row or column, and how many there are. */
interface Axis {
  readonly window: number;
  readonly stride: number;
  readonly count: number;
}

/** Pixels [from, to) of window `index`; the last one is cut off at the border. */
function spanOf(
  { window, stride }: Axis,
  index: number,
  length: number,
): readonly [from: number, to: number] {
  return [index * stride, Math.min(length, index * stride + window)];
}

/**
 * f(x) − f(x with a window covered), credited to the window's pixels and averaged where windows
 * overlap (Zeiler & Fergus 2013, section 4.2, in the form of Captum's Occlusion). A window covers
 * all channels. Windows start at multiples of the stride until the border is reached.
 */
export const occlusionMethod: IterativeMethod = {
  id: 'occlusion',
  needs: 'value',
  options: [
    size('height', 'rows of the window'),
    size('width', 'columns of the window'),
    size('stride-y', 'rows from one window to the next'),
    size('stride-x', 'columns from one window to the next'),
    coverOption('fill', 'what covers the window', 'zero'),
  ],
  async run(context, options) {
    const { picture, image, passes } = context;
    const grid = pictureGrid(image);
    const [rows, columns] = axesOf(grid, options);
    const cover = await coverPicture(options['fill'] as Cover, context);
    const whole = await passes.value(picture);
    const credit = new Float64Array(grid.height * grid.width);
    const windows = new Float64Array(grid.height * grid.width);
    const place = (index: number) => ({
      rows: spanOf(rows, Math.floor(index / columns.count), grid.height),
      columns: spanOf(columns, index % columns.count, grid.width),
    });
    await runPasses(
      context,
      rows.count * columns.count,
      (index) => {
        const covered = picture.slice();
        forEachPixel(place(index), grid, (position) => {
          for (let channel = 0; channel < grid.channels; channel++) {
            const at = channel * grid.plane + position * grid.step;
            covered[at] = cover[at]!;
          }
        });
        return passes.value(covered);
      },
      (value, index) =>
        forEachPixel(place(index), grid, (position) => {
          credit[position]! += whole - value;
          windows[position]!++;
        }),
    );
    const values = new Float32Array(picture.length);
    for (let position = 0; position < credit.length; position++) {
      for (let channel = 0; channel < grid.channels; channel++)
        values[channel * grid.plane + position * grid.step] =
          credit[position]! / windows[position]!;
    }
    return {
      values,
      dims: pictureDims(image),
      note: `${rows.count * columns.count} windows of ${columns.window} × ${rows.window} pixels, every ${columns.stride} × ${rows.stride}.`,
    };
  },
};

function forEachPixel(
  { rows, columns }: { rows: readonly [number, number]; columns: readonly [number, number] },
  { width }: PictureGrid,
  visit: (position: number) => void,
): void {
  for (let y = rows[0]; y < rows[1]; y++)
    for (let x = columns[0]; x < columns[1]; x++) visit(y * width + x);
}

/**
 * Without a wish, squares with an eighth of the picture's mean side, half overlapping: about 250 of
 * them.
 */
function axesOf(
  { height, width }: PictureGrid,
  options: OptionValues,
): readonly [rows: Axis, columns: Axis] {
  const square = Math.max(1, Math.round(Math.sqrt(height * width) / 8));
  return [axis('height', 'stride-y', height), axis('width', 'stride-x', width)];

  function axis(name: string, strideName: string, length: number): Axis {
    const window = Math.min(length, (options[name] as number) || square);
    const stride = (options[strideName] as number) || Math.max(1, Math.round(window / 2));
    if (stride > window) {
      throw new RoadgazeError(
        'METHOD_OPTION_INVALID',
        `occlusion does not take ${strideName}=${stride} with a ${name} of ${window}: pixels between the windows would never be covered.`,
        `Give a ${strideName} of at most ${window}.`,
      );
    }
    return { window, stride, count: Math.ceil((length - window) / stride) + 1 };
  }
}
