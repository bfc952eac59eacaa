import type { ClientMessage } from '../../shared/protocol/control-messages.ts';
import { DEFAULT_FLAG_SETTINGS } from '../../shared/flags.ts';

/** One valid message of every kind, about what `targets/socket.ts` serves. */
export const clientMessages: readonly ClientMessage[] = [
  { type: 'open', recording: 'a.mp4', network: 'reading', methods: ['visualbackprop'], frame: 3 },
  { type: 'open', recording: 'a.mp4', network: 'reading', methods: ['visualbackprop', 'gradient'] },
  { type: 'play', frame: 0, speed: 1, loop: false },
  { type: 'play', speed: 0, loop: true },
  { type: 'pause' },
  { type: 'seek', frame: 4, generation: 1 },
  { type: 'painted', sequence: 0 },
  { type: 'settings', flags: DEFAULT_FLAG_SETTINGS },
  {
    type: 'settings',
    flags: {
      ...DEFAULT_FLAG_SETTINGS,
      measure: 'lift',
      enterBelow: 1,
      leaveAbove: 2,
      errorAbove: 5,
      agreementBelow: 0.2,
    },
  },
  { type: 'explain', request: 1, frame: 2, method: 'occlusion', target: '+' },
  { type: 'cancel', request: 1 },
  { type: 'try', generation: 2, inputs: { speed: [3] }, output: null },
  {
    type: 'try',
    generation: 3,
    inputs: {},
    output: { tensor: 'steering', element: 0 },
    stepsBack: 1,
  },
  { type: 'try', generation: 4, inputs: {}, output: null },
  { type: 'see-pictures', request: 4, frame: 2 },
  { type: 'verify', request: 2, kind: 'off-road', startFrame: 0 },
  {
    type: 'road',
    points: [
      [0.4, 0.5],
      [0.6, 0.5],
      [1, 1],
      [0, 1],
    ],
  },
  { type: 'road', points: null },
  { type: 'watch', feed: 'feed-1', methods: ['visualbackprop'] },
  {
    type: 'add-feed',
    address: 'udp://127.0.0.1:9',
    name: 'front',
    network: 'reading',
    transport: 'tcp',
  },
  { type: 'remove-feed', feed: 'feed-1' },
  { type: 'rename-feed', feed: 'feed-1', name: 'rear' },
  { type: 'live', generation: 1 },
  { type: 'seek-time', time: 1.7e9, generation: 2 },
  { type: 'step', frames: -1, generation: 3 },
  { type: 'play-from', time: 1.7e9, speed: 1, generation: 4 },
  { type: 'explain-at', request: 3, time: 1.7e9, method: 'occlusion', target: 'abs' },
];
