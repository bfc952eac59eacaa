import { z } from 'zod';
import { RoadgazeError } from '../../shared/errors.ts';
import { FASTEST_RATE, SLOWEST_RATE } from '../../shared/frame-rate.ts';
import { LARGEST_RATIO, SMALLEST_RATIO } from '../../shared/steering.ts';
import { issueInWords } from '../../shared/schema-issue.ts';
import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import { feedClientMessages } from './feeds/feed-client-messages.ts';

const id = z.string().min(1).max(512);
const frame = z.number().int().min(0).max(0xffff_ffff);
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const methods = z
  .array(id)
  .min(1)
  .max(4)
  .refine((ids) => new Set(ids).size === ids.length, { message: 'must name every method once' });

const threshold = z.number().min(0).max(1000);
const seconds = z.number().min(0).max(3600);
/** A point may lie outside the frame, by no more than its size. */
const coordinate = z.number().min(-1).max(2);
const flagSettings = z
  .strictObject({
    measure: z.enum(['share', 'lift']),
    enterBelow: threshold,
    leaveAbove: threshold,
    minimumSeconds: seconds,
    mergeSeconds: seconds,
    errorAbove: z.number().min(0).nullable(),
    agreementBelow: z.number().min(-1).max(1).nullable(),
    pullAbove: z.number().min(0).nullable().optional(),
  })
  .refine(({ enterBelow, leaveAbove }) => leaveAbove >= enterBelow, {
    message: 'must be at least enterBelow',
    path: ['leaveAbove'],
  })
  .refine(({ measure, enterBelow }) => measure === 'lift' || enterBelow <= 1, {
    message: 'must be at most 1 for a share',
    path: ['enterBelow'],
  });

const clientMessage = z.discriminatedUnion('type', [
  ...feedClientMessages,
  z.strictObject({
    type: z.literal('open'),
    recording: id,
    network: id,
    methods,
    frame: frame.exactOptional(),
    camera: id.exactOptional(),
    time: z.number().exactOptional(),
    framesPerSecond: z.number().min(SLOWEST_RATE).max(FASTEST_RATE).exactOptional(),
  }),
  z.strictObject({
    type: z.literal('play'),
    frame: frame.exactOptional(),
    speed: z.union([z.literal(0), z.number().min(0.1).max(8)], { error: 'must be 0, or 0.1 to 8' }),
    loop: z.boolean(),
  }),
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('seek'), frame, generation: count }),
  z.strictObject({ type: z.literal('painted'), sequence: count }),
  z.strictObject({ type: z.literal('settings'), flags: flagSettings }),
  z.strictObject({
    type: z.literal('explain'),
    request: count,
    frame,
    method: id,
    target: z.enum(['+', '-', 'abs']),
  }),
  z.strictObject({ type: z.literal('cancel'), request: count }),
  z.strictObject({
    type: z.literal('verify'),
    request: count,
    kind: z.enum(['off-road', 'steers-wrong', 'pull', 'dead', 'disagreement']),
    startFrame: frame,
  }),
  z.strictObject({
    type: z.literal('road'),
    points: z
      .array(z.tuple([coordinate, coordinate]))
      .min(3)
      .max(64)
      .nullable(),
  }),
  z.strictObject({
    type: z.literal('log'),
    unit: z.enum(['rad', 'deg', 'normalized']).nullable().exactOptional(),
    positive: z.enum(['left', 'right']).nullable().exactOptional(),
    offset: z.number().min(-1e6).max(1e6).nullable().exactOptional(),
    column: z.string().min(1).max(200).nullable().exactOptional(),
    angleOf: z.enum(['wheel', 'tyre']).nullable().exactOptional(),
    ratio: z.number().min(SMALLEST_RATIO).max(LARGEST_RATIO).nullable().exactOptional(),
  }),
  z.strictObject({
    type: z.literal('log-curve'),
    request: count,
    column: z.string().min(1).max(200).nullable(),
  }),
  z.strictObject({
    type: z.literal('try'),
    generation: count,
    inputs: z
      .record(id, z.array(z.number().min(-1e9).max(1e9)).min(1).max(64))
      .refine((inputs) => Object.keys(inputs).length <= 32, { message: 'must set at most 32' }),
    output: z.strictObject({ tensor: id, element: count }).nullable(),
    stepsBack: z.number().int().min(0).max(99).exactOptional(),
  }),
  z.strictObject({ type: z.literal('see-pictures'), request: count, frame }),
]) satisfies z.ZodType<ClientMessage>;

/** Reads one client message. Throws PROTOCOL_VIOLATION with the field that is wrong. */
export function readClientMessage(data: Buffer, isBinary: boolean): ClientMessage {
  if (isBinary) throw protocolViolation('it is binary; client messages are JSON text');
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch (cause) {
    throw protocolViolation('it is not JSON', cause);
  }
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  throw protocolViolation(`it ${issueInWords(parsed.error.issues[0]!)}`);
}

export function protocolViolation(what: string, cause?: unknown): RoadgazeError {
  return new RoadgazeError(
    'PROTOCOL_VIOLATION',
    `A message of the page does not follow the protocol: ${what}.`,
    'Reload the page, so that it is as new as the server.',
    { cause },
  );
}
