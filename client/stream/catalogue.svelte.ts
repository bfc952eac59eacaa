import type { CatalogueState } from '../../shared/protocol/catalogue-messages.ts';
import type { NetworkSummary, RecordingSummary } from '../../shared/protocol/control-messages.ts';

/**
 * What there is to open besides feeds, as the server listed it when the connection was made, or has
 * told since.
 */
export class Catalogue {
  /** The first ones of many. null until the server has said hello. */
  recordings = $state.raw<readonly RecordingSummary[] | null>(null);
  networks = $state.raw<readonly NetworkSummary[]>([]);
  /** Of all recordings. */
  state = $state.raw<CatalogueState | null>(null);

  /** There are more recordings than `recordings` has. */
  get hasMore(): boolean {
    return (this.state?.drives ?? 0) > (this.recordings?.length ?? 0);
  }

  /** Networks that can be chosen too, from now on. */
  offer(networks: readonly NetworkSummary[]): void {
    const ids = new Set(networks.map(({ id }) => id));
    this.networks = [...this.networks.filter(({ id }) => !ids.has(id)), ...networks];
  }

  /** It is open: what was in its way is no more. */
  opened(recording: RecordingSummary): void {
    this.recordings =
      this.recordings?.map((each) => (each.id === recording.id ? recording : each)) ?? null;
  }
}
