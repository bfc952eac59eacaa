import { RoadgazeError } from '../../shared/errors.ts';
import type { ImageInput } from './explained-output.ts';
import type { PictureAxes } from './picture-axes.ts';
import type { PictureFields } from './sidecar-form.ts';

/** How a network's picture is put together from frames. */
export interface FrameStack {
  /** 1: the picture is that of one frame. */
  readonly count: number;
  /** Frames of the drive from one to the next. */
  readonly step: number;
  readonly newestFirst: boolean;
  /** Channels of each frame. */
  readonly channels: number;
  /** What was taken for granted, a sentence. */
  readonly note: string | null;
}

/**
 * What the sidecar says of it, else what is usual: three channels for each frame where that goes,
 * else one. Throws SIDECAR_INVALID.
 */
export function frameStack(
  source: string,
  image: ImageInput,
  fields: PictureFields,
  axes: PictureAxes | null,
): FrameStack {
  const given = fields.frames;
  const count = given?.count ?? axes?.frames ?? usualCount(image.channels, fields.color);
  const channels = image.channels / count;
  if (!Number.isInteger(channels))
    throw new RoadgazeError(
      'SIDECAR_INVALID',
      `The sidecar of ${source} puts ${count} frames into the ${image.channels} channels of "${image.name}".`,
      'Correct "frames" of the picture in the sidecar.',
    );
  const { step = 1, order = 'oldest-first' } = given ?? {};
  return {
    count,
    step,
    newestFirst: order === 'newest-first',
    channels,
    note:
      given || count === 1
        ? null
        : `The picture "${axes?.input.name ?? image.name}" is taken for ${count} frames that follow each other, the oldest first, of ${channels === 1 ? 'one channel' : `${channels} channels`} each; "frames" in the sidecar says otherwise.`,
  };
}

function usualCount(channels: number, color: string | undefined): number {
  if (color === 'gray') return channels;
  if (color === 'yuv420') return channels % 6 === 0 ? channels / 6 : 1;
  return channels % 3 === 0 ? channels / 3 : color === undefined ? channels : 1;
}

/** Older frames that a stack reaches back over. */
export function reachOf({ count, step }: FrameStack): number {
  return (count - 1) * step;
}

/** How many steps back each frame of the picture is, in the order in which they lie. */
export function stepsBack({ count, newestFirst }: FrameStack): readonly number[] {
  return Array.from({ length: count }, (_, place) => (newestFirst ? place : count - 1 - place));
}

/** Channels of a picture. */
export interface ChannelRange {
  readonly first: number;
  readonly count: number;
}

/** Channels of the frame so many steps back; the newest frame without. */
export function channelsOf(stack: FrameStack, back = 0): ChannelRange {
  return {
    first: stepsBack(stack).indexOf(back) * stack.channels,
    count: stack.channels,
  };
}
