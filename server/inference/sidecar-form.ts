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

export const outputFields = {
  tensor: z.string().optional(),
  quantity: z.enum(['angle', 'curvature', 'normalized']).optional(),
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
export type Feed = ConstantFeed | SignalFeed;

export interface ConstantFeed {
  /** One number for all elements, or one for each, row by row. */
  readonly constant: number | readonly number[];
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

type OutputOfVersionOne = NonNullable<z.infer<typeof versionOne>['output']>;

/** A sidecar of either version, as it is used. */
export type Sidecar = Omit<z.infer<typeof versionOne>, 'output'> & {
  readonly output?:
    (OutputOfVersionOne & z.infer<z.ZodObject<typeof furtherOutputFields>>) | undefined;
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
