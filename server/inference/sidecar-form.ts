import { z } from 'zod';
import { RoadgazeError } from '../../shared/errors.ts';
import { issueInWords } from '../../shared/schema-issue.ts';

const pixels = z.number().int().min(0);
const positivePixels = z.number().int().min(1);
const index = z.number().int().min(0);
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(4)]);

/** Fields that both versions of a sidecar have. */
export const commonFields = {
  kind: z.enum(['steering', 'road']),
  name: z.string().min(1).max(200).optional(),
};

export const pictureFields = {
  crop: z
    .strictObject({
      x: pixels,
      y: pixels,
      width: positivePixels,
      height: positivePixels,
      of: z.tuple([positivePixels, positivePixels]),
    })
    .optional(),
  resize: z.enum(['area', 'bilinear', 'bicubic', 'nearest']).optional(),
  color: z.enum(['gray', 'rgb', 'bgr', 'yuv']).optional(),
  scale: perChannel.optional(),
  offset: perChannel.optional(),
};

/** Fields of a picture that came with the second version. */
export const furtherPictureFields = {
  /** Id of a camera of the drive; the one that is shown without. */
  camera: z.string().min(1).optional(),
  color: z.enum(['gray', 'rgb', 'bgr', 'yuv', 'yuv420']).optional(),
  /** [height, width], where the network leaves them open. */
  size: z.tuple([positivePixels, positivePixels]).optional(),
  frames: z
    .strictObject({
      count: z.number().int().min(1).max(100),
      /** Frames of the drive from one to the next. */
      step: z.number().int().min(1).max(100).optional(),
      /** Or the number of the axis of their own, counted from 0. */
      along: z.union([z.literal('channels'), z.number().int().min(0).max(4)]).optional(),
      order: z.enum(['oldest-first', 'newest-first']).optional(),
    })
    .optional(),
};

export const outputFields = {
  tensor: z.string().optional(),
  quantity: z.enum(['angle', 'curvature', 'normalized']).optional(),
  angleOf: z.enum(['wheel', 'tyre']).optional(),
  unit: z.enum(['rad', 'deg', '1/m', '1']).optional(),
  scale: z.number().optional(),
  positive: z.enum(['left', 'right']).optional(),
  threshold: z.number().optional(),
};

export const versionOne = z.strictObject({
  roadgaze: z.literal([1, 2]),
  ...commonFields,
  input: z.strictObject({ tensor: z.string().optional(), ...pictureFields }).optional(),
  output: z.strictObject({ index: index.optional(), ...outputFields }).optional(),
});

/** What an input beside the picture is fed with. */
export type Feed = ConstantFeed | SignalFeed | StateFeed | PictureFeed;

/** A picture beside the one that is explained. */
export interface PictureFeed {
  readonly picture: PictureFields;
}

/** One number for all elements, or one for each, row by row. */
export type Values = number | readonly number[];

export interface ConstantFeed {
  readonly constant: Values;
}

export const signalFields = {
  signal: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(64)]),
  unit: z.enum(['m/s', 'km/h', 'mph', 'rad', 'deg', 'normalized']).optional(),
  scale: z.number().optional(),
  offset: z.number().optional(),
  oneHot: z.number().int().min(2).max(1000).optional(),
  otherwise: z.number(),
};

/** Columns of the drive's log at the frame's time, × scale + offset. */
export type SignalFeed = z.infer<z.ZodObject<typeof signalFields>>;

/** Numbers and truth values, in lists of any depth. */
type Nested = number | boolean | readonly Nested[];
export const nested: z.ZodType<Nested> = z.lazy(() =>
  z.union([z.number(), z.boolean(), z.array(nested)]),
);

export function valuesOf(value: Nested): Values {
  return Array.isArray(value) ? flat(value) : Number(value);
}

function flat(values: readonly Nested[]): number[] {
  return values.flatMap((value) => (Array.isArray(value) ? flat(value) : [Number(value)]));
}

export const stateFields = {
  /** Outputs, one behind the other, or an input that is state itself. */
  state: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(64)]),
  /** The first, and the one behind the last. */
  elements: z.tuple([index, positivePixels]).optional(),
  /** The input holds those of the frames before too, the newest last. */
  queue: z.boolean().optional(),
  start: nested.optional(),
  warmUp: z.number().int().min(0).max(10_000).optional(),
};

/** What the network gave for the frame before. */
export type StateFeed = Omit<z.infer<z.ZodObject<typeof stateFields>>, 'start'> & {
  readonly start?: Values;
};

export function isState(feed: Feed): feed is StateFeed {
  return 'state' in feed;
}

export function isPicture(feed: Feed): feed is PictureFeed {
  return 'picture' in feed;
}

export function isConstant(feed: Feed): feed is ConstantFeed {
  return 'constant' in feed;
}

export function isSignal(feed: Feed): feed is SignalFeed {
  return 'signal' in feed;
}

/** Fields of an output that came with the second version. */
export const furtherOutputFields = {
  element: z.union([index, z.array(index).min(1)]).optional(),
  bins: z
    .strictObject({ from: z.number(), to: z.number(), read: z.enum(['argmax', 'expectation']) })
    .optional(),
};

type OfVersionOne = z.infer<typeof versionOne>;
type OutputOfVersionOne = NonNullable<OfVersionOne['output']>;

/** What a sidecar of either version says of a picture. */
export type PictureFields = Omit<NonNullable<OfVersionOne['input']>, 'color'> &
  z.infer<z.ZodObject<typeof furtherPictureFields>>;

/** A sidecar of either version, as it is used. */
export type Sidecar = Omit<OfVersionOne, 'input' | 'output'> & {
  readonly input?: PictureFields | undefined;
  readonly output?:
    | (OutputOfVersionOne &
        z.infer<z.ZodObject<typeof furtherOutputFields>> & {
          /** Not the one that the sidecar names: a person wants to see it. */
          readonly isOther?: true;
        })
    | undefined;
  /** By names of inputs. */
  readonly feeds?: Readonly<Record<string, Feed>>;
};

/** `path`: where the value stands in the file. */
export function refuseIssue(
  { issues: [issue] }: z.ZodError,
  source: string,
  path: readonly PropertyKey[] = [],
): never {
  throw invalidSidecar(source, issueInWords({ ...issue!, path: [...path, ...issue!.path] }));
}

export function invalidSidecar(source: string, what: string): RoadgazeError {
  return new RoadgazeError(
    'SIDECAR_INVALID',
    `The sidecar ${source} ${what}.`,
    'Correct the file; docs/your-network.md lists the fields of a sidecar, by its version.',
  );
}
