import { DEFAULT_FLAG_SETTINGS, type Flag } from '../../../shared/flags.ts';
import type { CatalogueState } from '../../../shared/protocol/catalogue-messages.ts';
import type {
  AnalysisColumns,
  NetworkSummary,
  OpenedFeed,
  OpenedRecording,
  RecordingSummary,
  ServerMessage,
} from '../../../shared/protocol/control-messages.ts';
import { encodeFrame, type PartBytes } from '../../../shared/protocol/encode-frame.ts';
import type { FrameHeader } from '../../../shared/protocol/frame-message.ts';
import type { FeedSummary } from '../../../shared/protocol/summaries.ts';

type Of<T extends ServerMessage['type']> = Extract<ServerMessage, { readonly type: T }>;

export const METHOD = 'visualbackprop';

export function recording(id: string, change: Partial<RecordingSummary> = {}): RecordingSummary {
  const size = { width: 320, height: 180 };
  return {
    id,
    name: `${id}.mp4`,
    durationSeconds: 10,
    size,
    frameRate: 10,
    hasLog: true,
    error: null,
    ...change,
  };
}

export function network(id: string, change: Partial<NetworkSummary> = {}): NetworkSummary {
  return { id, name: id, error: null, ...change };
}

export function feed(id: string, change: Partial<FeedSummary> = {}): FeedSummary {
  return {
    id,
    name: `feed ${id}`,
    label: `rtsp://${id}`,
    network: 'net',
    methods: [METHOD],
    state: {
      name: 'live',
      since: 0,
      stream: {
        container: 'rtsp',
        codec: 'h264',
        width: 640,
        height: 360,
        framesPerSecond: 10,
        colorSpace: 'bt709',
      },
    },
    ...change,
  };
}

export function catalogueState(change: Partial<CatalogueState> = {}): CatalogueState {
  return { revision: 1, drives: 2, isScanning: false, notes: [], uploadBytes: 0, ...change };
}

export function hello(change: Partial<Of<'hello'>> = {}): Of<'hello'> {
  const recordings = change.recordings ?? [recording('a'), recording('b')];
  return {
    type: 'hello',
    protocol: 1,
    product: 'roadgaze',
    recordings,
    networks: [network('net'), network('other')],
    feeds: [],
    catalogue: catalogueState({ drives: recordings.length }),
    ...change,
  };
}

const WATCHED = {
  id: 'net',
  name: 'net',
  crop: null,
  mask: { width: 2, height: 2 },
  methods: [METHOD],
  notes: [],
  number: { tensor: 'steering', index: 0, elements: 1, meaning: 'steering' },
  quantity: null,
  unit: 'deg',
  positive: 'left',
} as const;

/** 101 frames, ten in a second, the first one at 5 s. */
export function opened(change: Partial<OpenedRecording> = {}): OpenedRecording {
  const pts = Array.from({ length: 101 }, (_, frame) => 5 + frame / 10);
  return {
    type: 'opened',
    extent: 'fixed',
    recording: recording('a'),
    network: WATCHED,
    road: { kind: 'none' },
    frames: pts.length,
    pts,
    flags: DEFAULT_FLAG_SETTINGS,
    cause: null,
    ...change,
  };
}

export function openedFeed(change: Partial<OpenedFeed> = {}): OpenedFeed {
  return {
    type: 'opened',
    extent: 'growing',
    feed: feed('f'),
    network: WATCHED,
    road: { kind: 'none' },
    range: null,
    flags: DEFAULT_FLAG_SETTINGS,
    ...change,
  };
}

/** Pictures `first` … `last` of a feed that began at `origin`, ten in a second. */
export function rows(
  first: number,
  last: number,
  change: Partial<AnalysisColumns> = {},
): AnalysisColumns {
  const frame = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const nothing = frame.map(() => null);
  return {
    frame,
    pts: frame.map((number) => 1000 + number / 10),
    steering: frame.map((number) => number / 4),
    driven: nothing,
    agreement: null,
    scores: [
      {
        mass: nothing,
        onRoad: frame.map(() => 0.5),
        lift: nothing,
        peakOnRoad: nothing,
        offRoadX: nothing,
        offRoadY: nothing,
      },
    ],
    ...change,
  };
}

export function flag(startFrame: number, change: Partial<Flag> = {}): Flag {
  const endFrame = startFrame + 5;
  return {
    kind: 'off-road',
    startFrame,
    endFrame,
    worstFrame: startFrame + 2,
    startPts: 5 + startFrame / 10,
    endPts: 5 + endFrame / 10,
    worstPts: 5.2 + startFrame / 10,
    worst: 0.2,
    severity: 1,
    ...change,
  };
}

export interface FrameChange extends Partial<Omit<FrameHeader, 'parts'>> {
  /** Masks by method, each 2 × 2. */
  readonly masks?: Readonly<Record<string, readonly number[]>>;
  readonly hasPicture?: boolean;
}

let sequence = 0;

/** A message with a picture and the mask of the usual method, unless told otherwise. */
export function frame({
  masks = { [METHOD]: [1, 2, 3, 4] },
  hasPicture = true,
  ...change
}: FrameChange): Uint8Array {
  const parts: PartBytes[] = Object.entries(masks).map(([method, bytes]) => ({
    kind: 'mask',
    method,
    width: 2,
    height: 2,
    bytes: Uint8Array.from(bytes),
  }));
  if (hasPicture)
    parts.push({
      kind: 'picture',
      method: '',
      width: 320,
      height: 180,
      bytes: new Uint8Array([9]),
    });
  const score = { mass: 0.5, onRoad: 0.25, lift: 2, peakOnRoad: 1, offRoadX: null, offRoadY: null };
  const scores = METHOD in masks ? [score] : [];
  const header = {
    sequence: sequence++,
    generation: 0,
    frame: 0,
    pts: 5 + (change.frame ?? 0) / 10,
    steering: 1.5,
    driven: -0.5,
    scores,
    agreement: null,
    ...change,
  };
  return Buffer.concat(encodeFrame(header, parts));
}
