import { z } from 'zod';

const id = z.string().min(1).max(512);
const name = z.string().trim().min(1).max(100);
const address = z.string().min(1).max(2048);
const methods = z
  .array(id)
  .min(1)
  .max(4)
  .refine((ids) => new Set(ids).size === ids.length, { message: 'must name every method once' });
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
/** Seconds since 1970. */
const time = z.number().min(0).max(1e11);
const speed = z.number().min(0.1).max(8);

/** The form of every FeedClientMessage. */
export const feedClientMessages = [
  z.strictObject({ type: z.literal('watch'), feed: id, methods: methods.exactOptional() }),
  z.strictObject({
    type: z.literal('add-feed'),
    address,
    name: name.exactOptional(),
    network: id.exactOptional(),
    transport: z.enum(['tcp', 'udp']).exactOptional(),
  }),
  z.strictObject({ type: z.literal('remove-feed'), feed: id }),
  z.strictObject({ type: z.literal('rename-feed'), feed: id, name }),
  z.strictObject({ type: z.literal('live'), generation: count }),
  z.strictObject({ type: z.literal('seek-time'), time, generation: count }),
  z.strictObject({
    type: z.literal('step'),
    frames: z.number().int().min(-1000).max(1000),
    generation: count,
  }),
  z.strictObject({ type: z.literal('play-from'), time, speed, generation: count }),
  z.strictObject({
    type: z.literal('explain-at'),
    request: count,
    time,
    method: id,
    target: z.enum(['+', '-', 'abs']),
  }),
] as const;
