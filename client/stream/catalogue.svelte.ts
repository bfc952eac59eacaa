import type { NetworkSummary, RecordingSummary } from '../../shared/protocol/control-messages.ts';

/** What there is to open besides feeds, as the server listed it when the connection was made. */
export class Catalogue {
  /** null until the server has said hello. */
  recordings = $state.raw<readonly RecordingSummary[] | null>(null);
  networks = $state.raw<readonly NetworkSummary[]>([]);
}
