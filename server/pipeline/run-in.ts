import type { DriveLog } from '../drive/log/drive-log.ts';
import type { PictureSource } from '../drive/source.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import type { State } from '../inference/state-inputs.ts';
import type { GivenInputs } from './frame-signals.ts';
import { moments } from './moments.ts';
import { openStreamExplainer } from './open-stream-explainer.ts';
import { withGiven } from './stream-explainer.ts';

export interface RunInRequest {
  readonly network: NetworkInfo;
  readonly drive: PictureSource;
  /** Id of its camera. */
  readonly camera?: string | undefined;
  /** The first frame at this time or after is looked at; null: the first one of all. */
  readonly from: number | null;
  readonly log: DriveLog | null;
  /** Inputs that a person sets by hand. */
  readonly given?: GivenInputs;
  readonly signal?: AbortSignal;
}

/**
 * What a network has in mind in front of a frame of a drive: it is run on as many frames before as
 * its sidecar says. null of a network that keeps nothing in mind, and with the drive's first frame.
 * Throws as `openStreamExplainer`, VIDEO_*, FFMPEG_*.
 */
export async function stateInFrontOf({
  network,
  drive,
  camera,
  from,
  log,
  given = {},
  signal,
}: RunInRequest): Promise<State | null> {
  if (network.states.length === 0 || from === null) return null;
  const opened = await openStreamExplainer({
    modelPath: network.path,
    byHand: network.byHand,
    road: { kind: 'none' },
    video: drive.video,
    drive,
    ...(camera === undefined ? {} : { camera }),
    methods: [],
    wish: { provider: 'cpu', workers: 1 },
    log: Promise.resolve(log),
    ...(signal ? { signal } : {}),
  });
  const explainer = withGiven(opened, given);
  const stream = moments(drive, explainer, {
    images: explainer.images,
    from,
    frames: 1,
    ...(signal ? { signal } : {}),
  });
  try {
    for await (const { past } of stream) return (await past.memory?.before) ?? null;
    return null;
  } finally {
    await stream.close();
    await explainer.close();
  }
}
