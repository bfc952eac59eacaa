import { z } from 'zod';
import { RoadgazeError } from '../../shared/errors.ts';
import { issueInWords } from '../../shared/schema-issue.ts';

const pixels = z.number().int().min(0);
const positivePixels = z.number().int().min(1);
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(4)]);

/**
 * The model sidecar, version 1: what a graph cannot say of itself. Unknown fields are errors, so
 * that a slip is noticed.
 */
const sidecarSchema = z.strictObject({
  roadgaze: z.literal(1),
  kind: z.enum(['steering', 'road']),
  name: z.string().min(1).max(200).optional(),
  input: z
    .strictObject({
      tensor: z.string().optional(),
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
    })
    .optional(),
  output: z
    .strictObject({
      tensor: z.string().optional(),
      index: z.number().int().min(0).optional(),
      quantity: z.enum(['angle', 'curvature', 'normalized']).optional(),
      unit: z.enum(['rad', 'deg', '1/m', '1']).optional(),
      scale: z.number().optional(),
      positive: z.enum(['left', 'right']).optional(),
      threshold: z.number().optional(),
    })
    .optional(),
});

export type Sidecar = z.infer<typeof sidecarSchema>;

/**
 * Reads a sidecar from its JSON text; `source` names it in messages. Throws SIDECAR_INVALID, which
 * names the field.
 */
export function parseSidecar(text: string, source: string): Sidecar {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(source, 'is not JSON');
  }
  const result = sidecarSchema.safeParse(value);
  if (!result.success) throw invalid(source, issueInWords(result.error.issues[0]!));
  const sidecar = result.data;
  if (sidecar.kind === 'steering' && sidecar.output?.threshold !== undefined)
    throw invalid(source, 'has output.threshold, which only a "road" network has');
  return sidecar;
}

function invalid(source: string, what: string): RoadgazeError {
  return new RoadgazeError(
    'SIDECAR_INVALID',
    `The sidecar ${source} ${what}.`,
    'Correct the file; the fields of a sidecar are listed in the README.',
  );
}
