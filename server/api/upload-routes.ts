import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { RoadgazeError } from '../../shared/errors.ts';
import { issueInWords } from '../../shared/schema-issue.ts';
import type { Uploads } from '../catalogue/uploads/uploads.ts';
import { refused } from './catalogue-routes.ts';
import { wireText } from './wire-text.ts';

type Env = { Bindings: HttpBindings };

/** Where files are sent to; nothing else of the server takes a body. */
export const UPLOADS_PATH = '/api/uploads';

/** Of the list of files; of a part of a file. A request takes seconds, however large the file is. */
const LONGEST_LIST = 32 << 20;
const LONGEST_PART = 64 << 20;

const listSchema = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string().min(1).max(4096),
      bytes: z.int().min(0),
      modified: z.number(),
    }),
  ),
});

/** Takes what is sent to the folder of recordings: the list of files, their parts, and the end. */
export function addUploadRoutes(app: Hono<Env>, uploads: Uploads): void {
  app.post(UPLOADS_PATH, (context) =>
    answered(context, async () => {
      const given = listSchema.safeParse(await jsonOf(context));
      if (given.success) return uploads.begin(given.data.files);
      throw wrong(`The list of files ${issueInWords(given.error.issues[0]!)}.`);
    }),
  );
  app.put(`${UPLOADS_PATH}/:id/:file{\\d{1,6}}`, (context) =>
    answered(context, async () => {
      const { id, file } = context.req.param();
      const offset = context.req.query('offset') ?? '';
      if (!/^\d{1,15}$/.test(offset))
        throw wrong('The part of a file does not say where it begins.');
      checkLength(context, LONGEST_PART);
      const { incoming } = context.env;
      return { received: await uploads.write(id, Number(file), Number(offset), incoming) };
    }),
  );
  app.post(`${UPLOADS_PATH}/:id`, (context) =>
    answered(context, () => uploads.finish(context.req.param('id'))),
  );
  app.delete(`${UPLOADS_PATH}/:id`, (context) =>
    answered(context, async () => {
      await uploads.abandon(context.req.param('id'));
      return {};
    }),
  );
}

async function answered(context: Context<Env>, answer: () => Promise<object>): Promise<Response> {
  try {
    return context.body(wireText(await answer()), 200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
    });
  } catch (error) {
    const response = refused(context, error);
    // What is left of the body is not read any more.
    response.headers.set('Connection', 'close');
    return response;
  }
}

async function jsonOf(context: Context<Env>): Promise<unknown> {
  checkLength(context, LONGEST_LIST);
  if (!context.req.header('content-type')?.startsWith('application/json'))
    throw wrong('The list of files is not sent as JSON.');
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of context.env.incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LONGEST_LIST) throw wrong('The list of files is too long.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw wrong('The list of files is not JSON.');
  }
}

function checkLength(context: Context<Env>, most: number): void {
  const length = context.req.header('content-length');
  if (length === undefined || Number(length) > most)
    throw wrong(`What is sent at once must say its length, of ${most >> 20} MiB at most.`);
}

function wrong(message: string): RoadgazeError {
  return new RoadgazeError(
    'USAGE',
    message,
    'Reload the page, so that it is as new as the server.',
  );
}
