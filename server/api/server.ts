import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { goesByPull, type FlagSettings } from '../../shared/flags.ts';
import { CLOSE_CODES } from '../../shared/protocol/close-codes.ts';
import { SUBPROTOCOL, type ServerMessage } from '../../shared/protocol/control-messages.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import { PlaybackPriority } from '../pipeline/playback-priority.ts';
import { descriptorLimit } from '../resources/descriptors.ts';
import { MOST_VIEWERS, RESERVED_DESCRIPTORS } from '../resources/limits.ts';
import { hasBody, isLoopback, refusalOf, type AccessRules } from './access.ts';
import { Uploads, UPLOADS_FOLDER } from '../catalogue/uploads/uploads.ts';
import { worstOf } from '../catalogue/scan/results-folder.ts';
import { Catalogue, type CataloguePaths } from '../catalogue/catalogue.ts';
import { Feeds, type FeedOptions } from '../feeds/feeds.ts';
import { receiveSignals, signalPath } from './feeds/signal-stream.ts';
import { pages } from './pages.ts';
import { Peer } from './peer.ts';
import { Session } from './session.ts';
import { checkToken } from './token.ts';
import type { WebhookAlerts } from '../alerts/flag-posts.ts';
import type { Workspace } from '../workspaces/workspace.ts';
import { Workspaces } from '../workspaces/workspaces.ts';
import { WrongGuesses } from './wrong-guesses.ts';

export interface ServerOptions extends CataloguePaths, ProviderWish, AccessRules {
  /** 0: any that is free. */
  readonly port: number;
  /** The built page. */
  readonly clientFolder: string;
  /** How long what nobody watches any more is kept open, with its analysis. */
  readonly lingerSeconds: number;
  /** Bytes that may be sent to the folder of recordings at once; none without it. */
  readonly uploadBytes?: number;
  /** Of a connection, until it sends its own. */
  readonly flags: FlagSettings;
  readonly alerts?: WebhookAlerts;
  /** How live feeds are read and recorded; nothing is recorded without it. */
  readonly feeds?: FeedOptions;
  /** Told of every recording that is opened with a network, once its inference runs. */
  readonly onOpened?: (workspace: Workspace) => void;
}

export interface RunningServer {
  /** With the token, where there is one. */
  readonly url: string;
  readonly port: number;
  readonly catalogue: Catalogue;
  readonly feeds: Feeds;
  /** Ends every connection, decoder, analysis and explainer. */
  close(): Promise<void>;
}

/**
 * A request that comes drop by drop, and a connection that nothing is asked for on, cost a
 * descriptor each; milliseconds.
 */
const HTTP_LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
};
const LARGEST_CLIENT_MESSAGE = 16 * 1024;
/** Connections beside those that watch, where descriptors are few. */
const FURTHER_CONNECTIONS = 16;
/** Of a message of driving signals, as `costOf`. */
const SIGNAL_COST = 0.1;
const STREAM_PATH = '/api/stream';

/**
 * Throws PORT_IN_USE, and USAGE for an address that may not be used or a token that keeps nobody
 * out.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (!isLoopback(options.host) && options.token === null) {
    throw new RoadgazeError(
      'USAGE',
      `Listening on ${options.host} would let everybody on the network in.`,
      "Add --token with a secret of your own, or set it as --token-file or in the environment's ROADGAZE_TOKEN.",
    );
  }
  if (options.token !== null) checkToken(options.token);
  const guesses = new WrongGuesses();
  const takesFiles = (options.uploadBytes ?? 0) > 0;
  const dropped = takesFiles ? { dropped: join(options.recordings, UPLOADS_FOLDER) } : {};
  const catalogue = new Catalogue({ ...options, ...dropped });
  const uploads = new Uploads(catalogue.drives, options.uploadBytes ?? 0, () =>
    catalogue.networks(),
  );
  const priority = new PlaybackPriority();
  const workspaces = new Workspaces(
    catalogue,
    options,
    priority,
    options.lingerSeconds,
    options.onOpened ?? (() => {}),
    options.alerts,
    ({ recording, network, analysis }) => {
      const flags = analysis.flags(options.flags);
      catalogue.drives.analysed(recording.id, {
        network: network.summary.name,
        flags: flags.length,
        worst: worstOf(flags),
      });
    },
    goesByPull(options.flags),
  );
  const feeds = new Feeds(
    catalogue,
    options,
    priority,
    options.flags,
    options.feeds ?? { ring: null, clips: null },
    options.alerts ?? null,
  );
  const http = createServer(
    HTTP_LIMITS,
    getRequestListener(
      pages(options.clientFolder, options, feeds, guesses, { drives: catalogue.drives, uploads })
        .fetch,
    ),
  );
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_CLIENT_MESSAGE,
    perMessageDeflate: false,
    autoPong: false,
    handleProtocols: () => SUBPROTOCOL,
  });
  const sessions = new Set<Session>();

  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = upgradeRefusal(request, options, feeds);
    if (refusal?.isGuess) {
      return void guesses
        .mayAnswer(request.socket.remoteAddress ?? '')
        .then((mayAnswer) => (mayAnswer ? refuse(socket, refusal) : socket.destroy()));
    }
    if (refusal) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = new Peer(webSocket);
      const vehicle = signalPath(request.url);
      if (vehicle !== null) {
        peer.onMessage(() => peer.count(SIGNAL_COST));
        return receiveSignals(webSocket, feeds, vehicle);
      }
      if (sessions.size >= mostViewers) return turnAway(peer, mostViewers);
      const session = new Session(peer, catalogue, workspaces, feeds, options.flags);
      sessions.add(session);
      webSocket.on('close', () => void session.close().finally(() => sessions.delete(session)));
    });
  });

  const descriptors = descriptorLimit();
  const mostViewers = Math.max(1, Math.min(MOST_VIEWERS, descriptors - RESERVED_DESCRIPTORS));
  // Some more, so that who is turned away is told why, and so that the server answers whether it is
  // well.
  if (descriptors < Infinity) http.maxConnections = mostViewers + FURTHER_CONNECTIONS;
  await listen(http, options);
  // A connection for which there is no descriptor. The others go on.
  http.on('error', () => {});
  const { port } = http.address() as AddressInfo;
  const shownHost =
    options.host.includes(':') && !options.host.startsWith('[')
      ? `[${options.host}]`
      : options.host;
  return {
    url: `http://${shownHost}:${port}/${options.token === null ? '' : `?token=${encodeURIComponent(options.token)}`}`,
    port,
    catalogue,
    feeds,
    async close() {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      for (const client of sockets.clients) client.close(CLOSE_CODES.GOING_AWAY);
      await Promise.allSettled([...sessions].map((session) => session.close()));
      for (const client of sockets.clients) client.terminate();
      http.closeAllConnections();
      await Promise.all([
        workspaces.close(),
        feeds.close(),
        catalogue.close(),
        options.alerts?.webhook.close(),
        closed,
      ]);
    },
  };
}

interface HandshakeRefusal {
  readonly status: number;
  readonly report: ErrorReport;
  /** A wrong token came. */
  readonly isGuess?: boolean;
}

function upgradeRefusal(
  request: IncomingMessage,
  rules: AccessRules,
  feeds: Feeds,
): HandshakeRefusal | null {
  const refusal = refusalOf(request, rules);
  if (refusal) return refusal;
  if (hasBody(request))
    return {
      status: 400,
      report: usage('The request for a WebSocket has a body.', 'Ask without one.'),
    };
  const vehicle = signalPath(request.url);
  if (vehicle !== null)
    return feeds.find(vehicle)
      ? null
      : {
          status: 404,
          report: new RoadgazeError(
            'FEED_UNKNOWN',
            'There is no live feed of that name.',
            'Connect to /api/signals/ followed by the name of a feed.',
          ).report(),
        };
  if (request.url?.split('?', 1)[0] !== STREAM_PATH) {
    return {
      status: 404,
      report: usage('There is no WebSocket at this address.', `Connect to ${STREAM_PATH}.`),
    };
  }
  const offered = (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((name) => name.trim());
  if (!offered.includes(SUBPROTOCOL)) {
    return {
      status: 400,
      report: usage(
        `The page does not speak "${SUBPROTOCOL}".`,
        'Reload the page, so that it is as new as the server.',
      ),
    };
  }
  return null;
}

function usage(message: string, hint: string): ErrorReport {
  return new RoadgazeError('USAGE', message, hint).report();
}

function refuse(socket: Duplex, { status, report }: HandshakeRefusal): void {
  const body = JSON.stringify(report);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function turnAway(peer: Peer, viewers: number): void {
  const busy = new RoadgazeError(
    'SERVER_BUSY',
    `${viewers} pages are open already, and there is room for no more.`,
    'Try again later; with a higher `ulimit -n` before the start there may be room for more.',
  );
  peer.send(JSON.stringify({ type: 'error', ...busy.report() } satisfies ServerMessage));
  peer.close(CLOSE_CODES.BUSY, 'SERVER_BUSY');
}

function listen(http: Server, { host, port }: ServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
    http.once('error', fail);
    http.listen(port, host.replace(/^\[|\]$/g, ''), () => {
      http.off('error', fail);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  switch (error.code) {
    case 'EADDRINUSE':
      return new RoadgazeError(
        'PORT_IN_USE',
        `Another program listens on port ${port}.`,
        'Stop it, or take any free port with --port 0.',
        { cause: error },
      );
    case 'EACCES':
      return new RoadgazeError(
        'USAGE',
        `Port ${port} may not be used without special rights.`,
        'Take a port from 1024 up, or any free one with --port 0.',
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new RoadgazeError(
        'USAGE',
        `This machine has no address ${host}.`,
        'Take one of its own with --host, or leave it out.',
        { cause: error },
      );
    default:
      return error;
  }
}
