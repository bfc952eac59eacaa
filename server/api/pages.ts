import { existsSync } from 'node:fs';
import type { HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { RoadgazeError } from '../../shared/errors.ts';
import { harmless } from '../../shared/harmless.ts';
import type { Drives } from '../catalogue/drives.ts';
import type { Uploads } from '../catalogue/uploads/uploads.ts';
import { feedMetrics } from '../live/metrics.ts';
import { hasBody, queryTokenOf, refusalOf, tokenCookie, type AccessRules } from './access.ts';
import { addCatalogueRoutes } from './catalogue-routes.ts';
import type { Feeds } from '../feeds/feeds.ts';
import { addUploadRoutes, UPLOADS_PATH } from './upload-routes.ts';
import { isToken } from './token.ts';
import type { WrongGuesses } from './wrong-guesses.ts';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The HTTP side: the built page from `clientFolder`, the list of drives, `/healthz`, and `/metrics`
 * for Prometheus.
 * `guesses` are shared with the WebSocket.
 */
export function pages(
  clientFolder: string,
  rules: AccessRules,
  feeds: Feeds,
  guesses: WrongGuesses,
  { drives, uploads }: { readonly drives: Drives; readonly uploads: Uploads },
): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();

  app.use(async (context, next) => {
    await next();
    context.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    context.header('X-Content-Type-Options', 'nosniff');
    context.header('Referrer-Policy', 'no-referrer');
    context.header('Cross-Origin-Opener-Policy', 'same-origin');
    context.header('Cross-Origin-Resource-Policy', 'same-origin');
  });

  app.use(async (context, next) => {
    const { incoming } = context.env;
    const refusal = refusalOf(incoming, rules);
    if (refusal) {
      if (refusal.isGuess && !(await guesses.mayAnswer(incoming.socket.remoteAddress ?? '')))
        incoming.destroy();
      return context.json(refusal.report, refusal.status);
    }
    if (`${context.req.path}/`.startsWith(`${UPLOADS_PATH}/`)) return next();
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD') {
      return context.json(
        new RoadgazeError('USAGE', 'Pages can only be read.', 'Ask with GET.').report(),
        405,
        { Allow: 'GET, HEAD', Connection: 'close' },
      );
    }
    if (hasBody(incoming))
      return context.json(
        new RoadgazeError(
          'USAGE',
          'Nothing can be sent to this address.',
          'Ask without a body.',
        ).report(),
        400,
        { Connection: 'close' },
      );
    const token = queryTokenOf(incoming.url ?? '');
    if (rules.token === null || token === null || !isToken(token, rules.token)) return next();
    setCookie(context, tokenCookie(incoming), token, {
      httpOnly: true,
      sameSite: 'Strict',
      path: '/',
    });
    // Two slashes at the beginning would lead to another server.
    return context.redirect(new URL(context.req.url).pathname.replace(/^[/\\]+/, '/'));
  });

  app.get('/healthz', (context) => {
    const states = feeds.list.map(({ id, name, state }) => {
      const reason =
        'reason' in state ? { code: state.reason.code, message: state.reason.message } : null;
      const failure = feeds.get(id).live.ring?.failure;
      return {
        id,
        name: harmless(name),
        state: state.name,
        since: new Date(state.since).toISOString(),
        ...(reason ? { reason } : {}),
        ...(failure ? { recording: { code: failure.code, message: failure.message } } : {}),
      };
    });
    return context.json({ status: 'ok', feeds: states }, 200, { 'Cache-Control': 'no-store' });
  });
  const metrics = feedMetrics(() => feeds.snapshots);
  app.get('/metrics', async (context) =>
    context.body(await metrics.metrics(), 200, {
      'Content-Type': metrics.contentType,
      'Cache-Control': 'no-store',
    }),
  );
  addCatalogueRoutes(app, drives);
  addUploadRoutes(app, uploads);
  app.get('/api/stream', (context) =>
    context.json(
      new RoadgazeError(
        'USAGE',
        'This address is a WebSocket.',
        'Connect with the subprotocol "roadgaze.1".',
      ).report(),
      426,
      { Upgrade: 'websocket' },
    ),
  );

  if (existsSync(clientFolder)) {
    const files = (cacheControl: string) =>
      serveStatic({
        root: clientFolder,
        onFound: (_path, context) => context.header('Cache-Control', cacheControl),
      });
    // Names below assets/ carry a digest of their content.
    app.use('/assets/*', files('public, max-age=31536000, immutable'));
    app.use('/*', files('no-cache'));
  }

  app.notFound((context) =>
    context.req.path === '/'
      ? context.text(
          'The page is not built yet. Stop the server, run "npm run build", and start it again.\n',
          503,
        )
      : context.json(
          new RoadgazeError(
            'USAGE',
            'There is nothing at this address.',
            'Open the address that the server printed.',
          ).report(),
          404,
        ),
  );
  app.onError((_error, context) =>
    context.json(
      new RoadgazeError(
        'INTERNAL',
        'The server failed to answer this request.',
        'Try again; the terminal may say more.',
      ).report(),
      500,
    ),
  );
  return app;
}
