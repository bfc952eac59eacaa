import type { FlagSettings } from '../../shared/flags.ts';
import { degreesPerUnit } from '../../shared/steering.ts';
import { NewFlags } from '../alerts/new-flags.ts';
import type { Webhook } from '../alerts/webhook.ts';
import { FlagFinder } from '../attention/flags/find-flags.ts';
import type { Workspace } from './workspace.ts';

/** Where flags are posted, by which settings they are found. */
export interface WebhookAlerts {
  readonly webhook: Webhook;
  readonly flags: FlagSettings;
  readonly version: string;
}

const INTERVAL = 200;

/**
 * Posts each flag of a workspace as its analysis finds it: once it has lasted its shortest time,
 * while it may still go on.
 */
export class WebhookFeed {
  readonly #workspace: Workspace;
  readonly #alerts: WebhookAlerts;
  readonly #finder: FlagFinder;
  readonly #new: NewFlags;
  readonly #timer: NodeJS.Timeout;

  /** `told`: what an analysis before this one of the same has told already. */
  constructor(workspace: Workspace, alerts: WebhookAlerts, told: NewFlags) {
    this.#workspace = workspace;
    this.#alerts = alerts;
    this.#new = told;
    this.#finder = new FlagFinder(alerts.flags, degreesPerUnit(workspace.explainer.network.output));
    this.#timer = setInterval(() => this.#tell(), INTERVAL);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const { columns, recording, network, explainer, hasAnalysisEnded } = this.#workspace;
    const { webhook, version } = this.#alerts;
    for (const flag of this.#new.take(this.#finder.read(columns.forFlags))) {
      webhook.send({
        event: 'flag',
        product: { name: 'Roadgaze', version },
        time: new Date().toISOString(),
        recording: { id: recording.id, name: recording.name },
        network: {
          id: network.summary.id,
          name: network.summary.name,
          unit: explainer.network.output.unit,
        },
        method: explainer.network.methods[0],
        flag,
      });
    }
    if (hasAnalysisEnded) this.close();
  }
}
