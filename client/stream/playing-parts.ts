import type { Analysis } from './analysis.svelte.ts';
import type { Clock } from './clock.ts';
import type { Commands } from './commands.ts';
import type { OpenDrive } from './open-drive.svelte.ts';
import type { Playback } from './playback.svelte.ts';
import type { Picture } from './presenter.ts';
import type { Repeat } from './repeat.svelte.ts';
import type { Screen } from './screen.svelte.ts';
import type { WatchedFeed } from './watched-feed.svelte.ts';

/** What playing is made of. */
export interface PlayingParts {
  readonly commands: Commands;
  readonly drive: OpenDrive;
  readonly watched: WatchedFeed;
  readonly analysis: Analysis;
  readonly playback: Playback;
  readonly repeat: Repeat;
  readonly screen: Pick<Screen<Picture>, 'painted' | 'arrived'>;
  readonly clock: Clock;
}
