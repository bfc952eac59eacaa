import type { WebSocket } from 'ws';
import { CLOSE_CODES } from '../../../shared/protocol/close-codes.ts';
import type { Feeds } from '../../feeds/feeds.ts';

const PATH = /^\/api\/signals\/([^/?]+)(?:\?|$)/;

/** The feed's id or name in `/api/signals/<feed>`; null for another address. */
export function signalPath(url: string | undefined): string | null {
  const encoded = PATH.exec(url ?? '')?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** Takes JSON lines of steering and speed from a vehicle for a feed, until the feed is removed. */
export function receiveSignals(socket: WebSocket, feeds: Feeds, id: string): void {
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => {
    const feed = feeds.find(id);
    if (!feed) return socket.close(CLOSE_CODES.GOING_AWAY);
    feed.live.signals.addText(data.toString('utf8'), performance.timeOrigin + performance.now());
  });
}
