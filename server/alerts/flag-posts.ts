import type { FlagSettings } from '../../shared/flags.ts';
import type { FlagSink } from '../analysis/flag-watch.ts';
import type { Webhook } from './webhook.ts';

/** Where flags are posted, by which settings they are found. */
export interface WebhookAlerts {
  readonly webhook: Webhook;
  readonly flags: FlagSettings;
  readonly version: string;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** What flags are of, when they are posted: a recording or a feed, and the network. */
export type FlagOrigin = (
  | { readonly recording: Named }
  | {
      readonly feed: Named;
    }
) & { readonly network: Named };

/**
 * Posts each flag once it has lasted its shortest time, while it may still go on. `origin` is asked
 * at each: names may change.
 */
export function flagPosts({ webhook, version }: WebhookAlerts, origin: () => FlagOrigin): FlagSink {
  return ({ begun, rows }) => {
    for (const flag of begun) {
      const { network, ...source } = origin();
      webhook.send({
        event: 'flag',
        product: { name: 'Roadgaze', version },
        time: new Date().toISOString(),
        ...source,
        network: { id: network.id, name: network.name, unit: rows.network.output.unit },
        method: rows.network.methods[0],
        flag,
      });
    }
  };
}
