import { cameraChoice, type OpenDrive } from '../stream/open-drive.svelte.ts';
import type { Picture } from '../stream/presenter.ts';
import type { Screen } from '../stream/screen.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';
import type { Panes } from './panes.svelte.ts';

/** What the page's address keeps, so that reloading or sending it shows the same thing. */
export interface Address {
  readonly recording?: string;
  /** Instead of a recording. */
  readonly feed?: string;
  /** Of a drive of several; its first one without. */
  readonly camera?: string;
  readonly network?: string;
  readonly frame?: number;
  readonly panes?: string;
  /** One per pane, shown or not. */
  readonly methods?: readonly string[];
}

/** `text` as it stands behind the `#`. */
export function readAddress(text: string): Address {
  const values = new URLSearchParams(text);
  const recording = values.get('recording');
  const feed = values.get('feed');
  const camera = values.get('camera');
  const network = values.get('network');
  const frame = Number.parseInt(values.get('frame') ?? '', 10);
  const panes = values.get('panes');
  const methods = values.get('methods')?.split(' ');
  return {
    ...(recording && { recording }),
    ...(feed && { feed }),
    ...(camera && { camera }),
    ...(network && { network }),
    ...(frame >= 0 && { frame }),
    ...(panes && { panes }),
    ...(methods && { methods }),
  };
}

/** Of a recording with the frame; of a feed there is none that would still be there. */
export function addressText(address: Address): string {
  const { recording, feed, camera, network, frame, panes, methods } = address;
  const values = new URLSearchParams();
  if (feed !== undefined) values.set('feed', feed);
  else if (recording !== undefined) values.set('recording', recording);
  if (camera !== undefined) values.set('camera', camera);
  if (network !== undefined) values.set('network', network);
  if (frame !== undefined) values.set('frame', String(frame));
  if (panes !== undefined) values.set('panes', panes);
  if (methods) values.set('methods', methods.join(' '));
  return values.toString();
}

/** An effect: writes the address of what rests on the screen whenever that is something else. */
export function keepAddress(
  {
    drive,
    watched,
    screen,
    transport,
    panes,
  }: {
    readonly drive: OpenDrive;
    readonly watched: WatchedFeed;
    readonly screen: Pick<Screen<Picture>, 'painted'>;
    readonly transport: Transport;
    readonly panes: Panes;
  },
  write: (text: string) => void,
): void {
  $effect(() => {
    const { layout, methods } = panes;
    if (watched.feed) {
      write(addressText({ feed: watched.feed.id, panes: layout, methods }));
      return;
    }
    const rests = !transport.playing && transport.playhead.target === null;
    if (!drive.recording || !rests || !screen.painted) return;
    const { recording, network } = drive.recording;
    const { frame } = screen.painted;
    write(
      addressText({
        recording: recording.id,
        ...cameraChoice(drive.recording),
        network: network.id,
        frame,
        panes: layout,
        methods,
      }),
    );
  });
}
