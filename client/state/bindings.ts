import { worstFrame } from '../data/flag-words.ts';
import { KEYED_METHODS, methodName } from '../data/pane-methods.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import type { Transport } from '../stream/transport.svelte.ts';
import type { WatchedFeed } from '../stream/watched-feed.svelte.ts';
import type { FlagReview } from './flag-review.svelte.ts';
import type { Panes } from './panes.svelte.ts';
import type { Preferences } from './preferences.svelte.ts';
import type { TimeAxis } from './time-axis.svelte.ts';

/** What a key does; the help panel lists exactly what is bound. */
export interface KeyBinding {
  /** `KeyboardEvent.key`, lower case; several do the same. */
  readonly keys: readonly string[];
  readonly shift?: boolean;
  /** As printed in the help. */
  readonly label: string;
  readonly does: string;
  /** Given the key that was pressed, lower case. */
  readonly run: (key: string) => void;
}

/** Every key of the page, in the order in which the help lists them. */
export function bindingsOf(
  {
    analysis,
    watched,
    transport,
    preferences,
    panes,
    review,
    axis,
  }: {
    readonly analysis: Analysis;
    readonly watched: WatchedFeed;
    readonly transport: Transport;
    readonly preferences: Preferences;
    readonly panes: Panes;
    readonly review: FlagReview;
    readonly axis: TimeAxis;
  },
  page: { readonly toggleHelp: () => void; readonly toggleFullScreen: () => void },
): KeyBinding[] {
  const toWorst = () => {
    const frame = analysis.columns ? worstFrame(analysis.columns.of('onRoad')) : undefined;
    if (frame !== undefined) transport.jump(frame);
  };
  const toLeastAgreement = () => {
    const frame = analysis.columns
      ? worstFrame(analysis.columns.of(preferences.agreement))
      : undefined;
    if (frame !== undefined) transport.jump(frame);
  };
  return [
    { keys: [' '], label: 'Space', does: 'play or pause', run: () => transport.toggle() },
    {
      keys: ['arrowleft'],
      shift: false,
      label: '←',
      does: 'one frame back',
      run: () => transport.step(-1),
    },
    {
      keys: ['arrowright'],
      shift: false,
      label: '→',
      does: 'one frame on',
      run: () => transport.step(1),
    },
    {
      keys: ['arrowleft'],
      shift: true,
      label: 'Shift ←',
      does: 'one second back',
      run: () => transport.stepSeconds(-1),
    },
    {
      keys: ['arrowright'],
      shift: true,
      label: 'Shift →',
      does: 'one second on',
      run: () => transport.stepSeconds(1),
    },
    { keys: ['home'], label: 'Home', does: 'first frame', run: () => transport.jump(0) },
    {
      keys: ['end'],
      label: 'End',
      does: 'last frame; of a feed: back to live',
      run: () => (watched.feed ? transport.goLive() : transport.seek(Number.MAX_SAFE_INTEGER)),
    },
    { keys: ['g'], label: 'G', does: 'back to live', run: () => transport.goLive() },
    {
      keys: ['j'],
      label: 'J',
      does: 'play backwards; again: faster',
      run: () => transport.shuttleBackward(),
    },
    { keys: ['k'], label: 'K', does: 'stop', run: () => transport.pause() },
    { keys: ['l'], label: 'L', does: 'play; again: faster', run: () => transport.shuttleForward() },
    { keys: ['n'], label: 'N', does: 'next flag', run: () => review.look(review.next) },
    { keys: ['p'], label: 'P', does: 'previous flag', run: () => review.look(review.previous) },
    { keys: ['w'], label: 'W', does: 'frame with least attention on the road', run: toWorst },
    {
      keys: KEYED_METHODS.map((_, index) => String(index + 1)),
      label: '1 … 9',
      does: `method of the pane clicked last: ${KEYED_METHODS.map(methodName).join(', ')}`,
      run: (key) => panes.choose(panes.focus, KEYED_METHODS[Number(key) - 1] ?? ''),
    },
    { keys: ['v'], label: 'V', does: 'one, two or four panes', run: () => panes.cycle() },
    {
      keys: ['s'],
      label: 'S',
      does: 'A and B in one picture, side by side',
      run: () => panes.toggle('wipe'),
    },
    {
      keys: ['d'],
      label: 'D',
      does: 'difference of A and B',
      run: () => panes.toggle('difference'),
    },
    { keys: ['a'], label: 'A', does: 'frame where A and B agree least', run: toLeastAgreement },
    {
      keys: ['['],
      label: '[',
      does: 'mask more transparent',
      run: () => preferences.changeOpacity(-0.05),
    },
    {
      keys: [']'],
      label: ']',
      does: 'mask more opaque',
      run: () => preferences.changeOpacity(0.05),
    },
    { keys: ['i'], label: 'I', does: 'range starts here', run: () => transport.setRangeStart() },
    { keys: ['o'], label: 'O', does: 'range ends here', run: () => transport.setRangeEnd() },
    {
      keys: ['escape'],
      label: 'Esc',
      does: 'forget the range',
      run: () => transport.repeat.clearRange(),
    },
    {
      keys: ['+', '='],
      label: '+',
      does: 'zoom in at the playhead',
      run: () => axis.zoomAtPlayhead(0.5),
    },
    { keys: ['-'], label: '−', does: 'zoom out', run: () => axis.zoomAtPlayhead(2) },
    { keys: ['0'], label: '0', does: 'whole drive', run: () => axis.fit() },
    { keys: ['f'], label: 'F', does: 'full screen', run: () => page.toggleFullScreen() },
    { keys: ['?'], label: '?', does: 'this list', run: () => page.toggleHelp() },
  ];
}
