import type { MethodOption } from '../method-options.ts';
import type { IterativeContext } from './method.ts';
import { offThread } from './off-thread.ts';
import { channelMeans, pictureGrid } from './picture-grid.ts';

export type Cover = 'zero' | 'low' | 'mean' | 'blur';

/** What stands for "nothing there" is a choice that every method with a baseline leaves open. */
export function coverOption(name: string, about: string, fallback: Cover): MethodOption {
  return {
    name,
    kind: 'choice',
    fallback,
    choices: ['zero', 'low', 'mean', 'blur'] satisfies Cover[],
    about: `${about}: zeros, the lowest value of the network's input, the picture's mean colour, or the picture blurred`,
  };
}

/** Shaped like the picture. */
export async function coverPicture(
  kind: Cover,
  {
    picture,
    image,
    range,
    signal,
  }: Pick<IterativeContext, 'picture' | 'image' | 'range' | 'signal'>,
): Promise<Float32Array> {
  const grid = pictureGrid(image);
  const perChannel = (value: (channel: number) => number) => {
    const cover = new Float32Array(picture.length);
    for (let channel = 0; channel < grid.channels; channel++) {
      const constant = value(channel);
      for (let position = 0; position < grid.height * grid.width; position++)
        cover[channel * grid.plane + position * grid.step] = constant;
    }
    return cover;
  };
  switch (kind) {
    case 'zero':
      return new Float32Array(picture.length);
    case 'low':
      return perChannel((channel) => range.low[channel % range.low.length]!);
    case 'mean': {
      const means = channelMeans(picture, grid);
      return perChannel((channel) => means[channel]!);
    }
    case 'blur':
      return offThread(
        'gaussianBlur',
        { picture, grid, sigma: Math.min(grid.height, grid.width) / 10 },
        signal,
      );
  }
}
