import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { reportOf, RoadgazeError } from '../../shared/errors.ts';
import { DRIVE_SORTS, type DriveQuery } from '../../shared/protocol/catalogue-messages.ts';
import { issueInWords } from '../../shared/schema-issue.ts';
import type { Drives } from '../catalogue/drives.ts';
import { wireText } from './wire-text.ts';

type Env = { Bindings: HttpBindings };

const MOST_ROWS = 200;
const truth = z.enum(['true', 'false']).transform((text) => text === 'true');
const whole = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);

const querySchema = z.strictObject({
  text: z.string().max(200).exactOptional(),
  format: z.string().max(64).exactOptional(),
  hasLog: truth.exactOptional(),
  isAnalysed: truth.exactOptional(),
  isFlagged: truth.exactOptional(),
  sort: z.enum(DRIVE_SORTS).exactOptional(),
  isReversed: truth.exactOptional(),
  offset: whole.default(0),
  limit: whole.pipe(z.int().min(1).max(MOST_ROWS)).default(50),
}) satisfies z.ZodType<DriveQuery>;

/** The list of drives, and the strips of pictures in it. */
export function addCatalogueRoutes(app: Hono<Env>, drives: Drives): void {
  app.get('/api/drives', async (context) => {
    const { token: _token, ...given } = context.req.query();
    const query = querySchema.safeParse(given);
    if (!query.success)
      return refused(
        context,
        new RoadgazeError(
          'USAGE',
          `The question for drives ${issueInWords(query.error.issues[0]!)}.`,
          'Reload the page, so that it is as new as the server.',
        ),
      );
    try {
      return context.body(wireText(await drives.page(query.data)), 200, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
      });
    } catch (error) {
      return refused(context, error);
    }
  });

  app.get('/api/strip', async (context) => {
    try {
      const { signal } = context.req.raw;
      const strip = await drives.strip(context.req.query('drive') ?? '', signal);
      return context.body(strip, 200, {
        'Content-Type': 'image/svg+xml',
        'Cache-Control': 'private, max-age=3600',
      });
    } catch (error) {
      return refused(context, error);
    }
  });
}

/** Answers with what is wrong. */
export function refused(context: Context<Env>, error: unknown): Response {
  const report = reportOf(error);
  const { code } = report;
  const status =
    code === 'RECORDING_UNKNOWN' || code === 'INPUT_NOT_FOUND'
      ? 404
      : code === 'SERVER_BUSY' || code === 'MACHINE_EXHAUSTED'
        ? 503
        : code === 'INTERNAL'
          ? 500
          : 400;
  return context.body(wireText(report), status, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
  });
}
