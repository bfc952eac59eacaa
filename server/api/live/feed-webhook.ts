import type { WebhookAlerts } from '../webhook-feed.ts';
import type { Feed } from './feed.ts';
import { LiveFlags } from './live-flags.ts';
import type { LiveRows } from './live-rows.ts';

const INTERVAL = 200;

/** Posts each flag of a live feed once it has lasted its shortest time. */
export class FeedWebhook {
  readonly #feed: Feed;
  readonly #alerts: WebhookAlerts;
  readonly #timer: NodeJS.Timeout;
  #rows: LiveRows;
  #flags: LiveFlags;

  constructor(feed: Feed, alerts: WebhookAlerts) {
    this.#feed = feed;
    this.#alerts = alerts;
    this.#rows = feed.rows;
    this.#flags = new LiveFlags(feed.rows, alerts.flags);
    this.#timer = setInterval(() => this.#tell(), INTERVAL);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const { id, name, network, rows } = this.#feed;
    const { webhook, flags, version } = this.#alerts;
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#flags = new LiveFlags(rows, flags);
    }
    for (const flag of this.#flags.read().begun) {
      webhook.send({
        event: 'flag',
        product: { name: 'Roadgaze', version },
        time: new Date().toISOString(),
        feed: { id, name },
        network: {
          id: network.summary.id,
          name: network.summary.name,
          unit: rows.network.output.unit,
        },
        method: rows.network.methods[0],
        flag,
      });
    }
  }
}
