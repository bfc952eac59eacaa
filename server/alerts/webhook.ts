import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { RoadgazeError } from '../../shared/errors.ts';

export interface WebhookOptions {
  readonly url: URL;
  /** Key of the signature. */
  readonly secret: string;
  /** Told in one sentence when something was not delivered. */
  readonly onFailure: (sentence: string) => void;
  readonly limits?: Partial<WebhookLimits>;
}

export interface WebhookLimits {
  /** Requests for one delivery, the first among them. */
  readonly tries: number;
  /** Wait before the second request, ms; doubled from one to the next. */
  readonly firstWait: number;
  readonly longestWait: number;
  /** Of one request, ms. */
  readonly timeout: number;
  /** Deliveries that wait; of more, the oldest are left out. */
  readonly queue: number;
  /** Deliveries accepted within a minute; more are left out. */
  readonly perMinute: number;
}

const LIMITS: WebhookLimits = {
  tries: 6,
  firstWait: 1000,
  longestWait: 60_000,
  timeout: 10_000,
  queue: 100,
  perMinute: 30,
};
const MINUTE = 60_000;

/** Why a delivery did not succeed; `again`: another try may. */
interface Failure {
  readonly reason: string;
  readonly again: boolean;
  /** Milliseconds that the receiver asked for. */
  readonly wait: number;
}

/** Reads the address of a webhook. Throws USAGE. */
export function parseWebhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw usage(
      `"${text.slice(0, 100)}" is no address of a webhook.`,
      'Give an http:// or https:// address.',
    );
  if (url.username || url.password)
    throw usage(
      'The address of the webhook has a user name or a password in it.',
      'Leave them out: requests are signed instead.',
    );
  return url;
}

/**
 * Posts JSON to one address, in order, one at a time, in the background. Each request carries
 * `x-roadgaze-timestamp` (seconds since 1970) and `x-roadgaze-signature: sha256=HEX`, the
 * HMAC-SHA256 of `timestamp.body` with the secret; a try later is signed anew. Network errors, 5xx,
 * 408 and 429 are tried again after exponentially growing waits with jitter; redirects are not
 * followed.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #limits: WebhookLimits;
  readonly #stop = new AbortController();
  readonly #queue: object[] = [];
  /** When the deliveries of the last minute were accepted. */
  #accepted: number[] = [];
  #leftOut = 0;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  /**
   * Takes a delivery, or leaves it out and counts it. The body that goes out has `leftOut`, how
   * many were since the last that arrived.
   */
  send(payload: object): void {
    const now = performance.now();
    this.#accepted = this.#accepted.filter((time) => now - time < MINUTE);
    if (this.#stop.signal.aborted) return;
    if (this.#accepted.length >= this.#limits.perMinute) {
      this.#leftOut++;
      return;
    }
    this.#accepted.push(now);
    this.#queue.push(payload);
    if (this.#queue.length > this.#limits.queue) {
      this.#queue.shift();
      this.#leftOut++;
    }
    if (!this.#isRunning) this.#running = this.#run();
  }

  /** Ends what is under way and forgets what waits. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (
      let payload = this.#queue.shift();
      payload && !this.#stop.signal.aborted;
      payload = this.#queue.shift()
    )
      await this.#deliver(payload);
    this.#isRunning = false;
  }

  async #deliver(payload: object): Promise<void> {
    const { tries } = this.#limits;
    for (let attempt = 1; ; attempt++) {
      const leftOut = this.#leftOut;
      const failure = await this.#post(JSON.stringify({ ...payload, leftOut }));
      if (!failure) {
        this.#leftOut -= leftOut;
        return;
      }
      if (this.#stop.signal.aborted) return;
      if (!failure.again || attempt === tries) {
        this.#leftOut++;
        const times = attempt > 1 ? ` after ${attempt} tries` : '';
        // The path may hold a key.
        this.#options.onFailure(
          `An alert was not delivered to the webhook at ${this.#options.url.host}${times}: ${failure.reason}.`,
        );
        return;
      }
      const wait = waitAfter(attempt, failure.wait, this.#limits);
      await sleep(wait, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {});
      if (this.#stop.signal.aborted) return;
    }
  }

  /** null where the receiver took it. */
  async #post(body: string): Promise<Failure | null> {
    const timestamp = String(Math.floor(Date.now() / 1000));
    try {
      const response = await fetch(this.#options.url, {
        method: 'POST',
        body,
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Roadgaze',
          'x-roadgaze-timestamp': timestamp,
          'x-roadgaze-signature': signature(this.#options.secret, timestamp, body),
        },
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#limits.timeout)]),
      });
      await response.body?.cancel();
      return response.ok ? null : refused(response);
    } catch (error) {
      return { reason: networkReason(error), again: true, wait: 0 };
    }
  }
}

/**
 * Milliseconds before the next request, after so many: half of a time that doubles, and up to half
 * by chance, or what the receiver `asked` for if that is longer.
 */
export function waitAfter(
  attempt: number,
  asked: number,
  { firstWait, longestWait }: Pick<WebhookLimits, 'firstWait' | 'longestWait'>,
  chance = Math.random(),
): number {
  const longest = Math.min(longestWait, firstWait * 2 ** (attempt - 1));
  return Math.max(longest * (0.5 + chance / 2), Math.min(asked, longestWait));
}

/** `sha256=` and the HMAC-SHA256 of `timestamp.body`, hex. */
export function signature(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

function refused({ status, headers }: Response): Failure {
  const seconds = Number(headers.get('retry-after') ?? 0);
  const reason =
    status >= 300 && status < 400
      ? `it answered ${status}, and redirects are not followed`
      : `it answered ${status}`;
  return {
    reason,
    again: status >= 500 || status === 429 || status === 408,
    wait: Number.isFinite(seconds) ? seconds * 1000 : 0,
  };
}

function networkReason(error: unknown): string {
  const { name, cause } = error as Error;
  if (name === 'TimeoutError') return 'it did not answer in time';
  const { code, message } = (cause ?? error) as NodeJS.ErrnoException;
  return `it cannot be reached (${code ?? message})`;
}

function usage(message: string, hint: string): RoadgazeError {
  return new RoadgazeError('USAGE', message, hint);
}
