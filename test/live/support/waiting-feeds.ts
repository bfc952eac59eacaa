import { parseFeedAddress } from '../../../server/live/feed-address.ts';
import { LiveDecoder } from '../../../server/live/live-decoder.ts';
import { DISPLAY, IMAGE } from './watch.ts';

// A process that waits for the sources at the addresses of its arguments.
for (const address of process.argv.slice(2)) {
  new LiveDecoder(
    { address: parseFeedAddress(address), images: [IMAGE], display: DISPLAY, ring: null },
    { frame: () => {}, state: () => {} },
  );
}
