import { RoadgazeError } from '../../shared/errors.ts';
import { isTrialEmpty, MOST_SET, type Trial } from '../../shared/protocol/network-inputs.ts';
import type { ByHand } from '../inference/by-hand.ts';
import type { GivenInputs } from '../pipeline/frame-signals.ts';
import { streamedChoices } from '../pipeline/frame-graph/names.ts';
import { openStreamExplainer } from '../pipeline/open-stream-explainer.ts';
import { FrameCache, type PlayableSource } from '../pipeline/player-frames.ts';
import { withGiven, type StreamExplainer } from '../pipeline/stream-explainer.ts';
import { MOST_TRIALS } from '../resources/limits.ts';
import type { Workspace } from '../workspaces/workspace.ts';

const CACHE_BYTES = 24 << 20;

/** A network of its own, for what cannot be changed in the shared one: constants and outputs. */
interface OwnNetwork {
  readonly key: string;
  readonly explainer: StreamExplainer;
}

let opened = 0;

/**
 * What one viewer tries with the network: inputs set by hand, another number explained. Frames of it
 * come from `source`, and nothing of it gets into the analysis, which others share.
 */
export class HandTrial {
  readonly trial: Trial;
  readonly byHand: ByHand | undefined;
  readonly given: GivenInputs;
  readonly source: PlayableSource;
  readonly #own: OwnNetwork | null;

  private constructor(
    workspace: Workspace,
    trial: Trial,
    { byHand, given }: Wanted,
    own: OwnNetwork | null,
  ) {
    this.trial = trial;
    this.byHand = byHand;
    this.given = given;
    this.#own = own;
    const { drive, priority } = workspace;
    this.source = {
      drive,
      priority,
      explainer: withGiven(own?.explainer ?? workspace.explainer, given),
      cache: new FrameCache(CACHE_BYTES),
      get index() {
        return workspace.index;
      },
    };
  }

  /**
   * `before` is asked for its network where that fits; it is closed by its owner all the same.
   * Rejects with the signal's reason. Throws USAGE, SERVER_BUSY, and as `openStreamExplainer`.
   */
  static async open(
    workspace: Workspace,
    trial: Trial,
    before: HandTrial | null,
    signal: AbortSignal,
  ): Promise<HandTrial | null> {
    if (isTrialEmpty(trial)) return null;
    const wanted = wantedOf(workspace, trial);
    if (!wanted.byHand) return new HandTrial(workspace, trial, wanted, null);
    const key = JSON.stringify(wanted.byHand);
    const shared = before === null ? null : before.#own;
    const own =
      shared?.key === key
        ? shared
        : { key, explainer: await open(workspace, wanted.byHand, signal) };
    return new HandTrial(workspace, trial, wanted, own);
  }

  /** `after` may go on with its network. Frames of it must have been left. */
  async close(after: HandTrial | null): Promise<void> {
    if (!this.#own || (after !== null && after.#own === this.#own)) return;
    opened--;
    await this.#own.explainer.close();
  }
}

interface Wanted {
  readonly byHand: ByHand | undefined;
  readonly given: GivenInputs;
}

/** Throws USAGE. */
function wantedOf({ explainer }: Workspace, { inputs, output, stepsBack = 0 }: Trial): Wanted {
  const constants: string[] = [];
  const given: Record<string, readonly number[]> = {};
  for (const [name, values] of Object.entries(inputs)) {
    const input = explainer.ports.inputs.find((each) => each.name === name);
    if (!input || input.settable === 0)
      throw new RoadgazeError(
        'USAGE',
        `The network has no input "${name}" that can be set by hand.`,
        'Reload the page, so that it is as new as the server.',
      );
    const { settable } = input;
    if (values.length !== 1 && (values.length !== settable || settable > MOST_SET))
      throw new RoadgazeError(
        'USAGE',
        `"${name}" takes ${settable === 1 ? 'one number' : `${settable} numbers, or one for all of them`}.`,
        'Set as many.',
      );
    if (input.feed.kind === 'constant') constants.push(name);
    given[name] = Array.from({ length: settable }, (_, at) => values[at % values.length]!);
  }
  const frames = Math.max(
    ...explainer.ports.inputs.map(({ feed }) =>
      feed.kind === 'picture' && feed.isExplained ? feed.frames : 1,
    ),
  );
  if (stepsBack >= frames)
    throw new RoadgazeError(
      'USAGE',
      `The network sees ${frames === 1 ? 'one frame' : `${frames} frames`} at a time; there is none ${stepsBack} steps back.`,
      'Choose one of those that it sees.',
    );
  const isOwn = constants.length > 0 || output !== null || stepsBack > 0;
  return { byHand: isOwn ? { constants: constants.sort(), output, stepsBack } : undefined, given };
}

async function open(
  { network, roadSpecification, video, drive, analysis, explainer }: Workspace,
  byHand: ByHand,
  signal: AbortSignal,
): Promise<StreamExplainer> {
  if (opened >= MOST_TRIALS)
    throw new RoadgazeError(
      'SERVER_BUSY',
      `This machine runs ${MOST_TRIALS} networks with numbers set by hand at a time.`,
      'Try again in a moment.',
    );
  opened++;
  try {
    return await openStreamExplainer({
      modelPath: network.path,
      // A road is of the newest frame.
      road: byHand.stepsBack > 0 ? { kind: 'none' } : roadSpecification,
      video,
      camera: drive.camera,
      drive,
      methods: streamedChoices(explainer.network.methods),
      wish: { provider: explainer.provider.name, workers: 1 },
      log: Promise.resolve(analysis.record.log),
      byHand,
      signal,
    });
  } catch (error) {
    opened--;
    throw error;
  }
}
