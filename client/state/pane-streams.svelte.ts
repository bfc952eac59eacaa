import { untrack } from 'svelte';
import type { Connection } from '../stream/connection.svelte.ts';
import type { OpenDrive } from '../stream/open-drive.svelte.ts';
import type { Opener } from '../stream/opener.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';
import type { Panes } from './panes.svelte.ts';

/**
 * An effect: the server streams what the panes show, and where it cannot, the panes show what it
 * streams.
 */
export function streamPanes({
  connection,
  drive,
  opener,
  watched,
  panes,
}: {
  readonly connection: Pick<Connection, 'isOpen'>;
  readonly drive: OpenDrive;
  readonly opener: Pick<Opener, 'open'>;
  readonly watched: WatchedFeed;
  readonly panes: Panes;
}): void {
  drive.refused.on(({ code }) => {
    if (drive.opened || code.startsWith('METHOD_')) panes.refuse();
  });
  watched.explained.on((methods) => panes.adopt(methods));
  $effect(() => {
    const { choice } = drive;
    const { streamed } = panes;
    if (!choice || !connection.isOpen || streamed.join() === choice.methods.join()) return;
    untrack(() => opener.open({ ...choice, methods: streamed }, drive.opened === null));
  });
  $effect(() => {
    if (drive.opened?.network.methods.join() === panes.streamed.join())
      untrack(() => panes.accept());
  });
}
