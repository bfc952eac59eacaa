import { availableParallelism } from 'node:os';
import { RoadgazeError } from '../../shared/errors.ts';
import { describeMethod } from '../../shared/methods.ts';
import { pictureGrid } from '../explain/iterative/picture-grid.ts';
import type { ProviderWish } from '../inference/choose-provider.ts';
import type { NetworkInfo } from '../inference/network-file.ts';
import { pictureColors } from '../pipeline/picture-colors.ts';
import { openPassesNetwork, type PassesNetwork } from '../pipeline/passes-network.ts';
import type { EvaluatedFrame } from './evaluated-frames.ts';
import {
  evaluationPlan,
  MOST_STEPS,
  passesOfExplanation,
  passesOfMap,
  TOGETHER,
  type EvaluationPlan,
} from './evaluation-plan.ts';
import type { Fill } from './fills.ts';
import { measureMap, shiftSlope } from './map-measures.ts';
import type { FrameScore, MeasuredMap } from './map-scores.ts';
import {
  compiledMaps,
  iterativeMaps,
  randomisationSteps,
  randomisedPlanes,
  type MapsRequest,
  type MethodMaps,
} from './method-maps.ts';
import { brightness, NULL_MAPS, nullMaps, type NullMapId } from './null-maps.ts';
import { PictureThreads } from './picture-threads.ts';
import type { Predict } from './predict.ts';
import { meanRandomisation, type Randomisation } from './randomisation.ts';
import { severalAtOnce } from './several-at-once.ts';

export interface EvaluationRequest {
  readonly network: NetworkInfo;
  /** Ids; each explains the network. */
  readonly methods: readonly string[];
  readonly frames: readonly EvaluatedFrame[];
  /** Of the card's unit in one of the network's own number. */
  readonly scale: number;
  readonly fills: readonly Fill[];
  readonly seed: number;
  readonly wish: ProviderWish;
  readonly signal: AbortSignal;
  /** Told before the long part, once its time can be judged. */
  readonly onPlan: (plan: ExpectedWork) => void;
  /** Passes done. */
  readonly onProgress: (done: number, total: number) => void;
}

export interface ExpectedWork extends EvaluationPlan {
  readonly nullMaps: number;
  readonly seconds: number;
}

export interface EvaluatedMaps {
  readonly measured: readonly MeasuredMap[];
  /** By id, then by place of the frame. */
  readonly planes: ReadonlyMap<string, ReadonlyMap<number, Float32Array>>;
  /** Layers that were random at each step. */
  readonly randomLayers: readonly number[];
}

/** Seconds that it takes to start a network. */
const STARTING = 1;
const TRIED_MAPS = ['null-random', 'null-centre'] as const;

/** Measures all maps on all frames. Rejects with the signal's reason. Throws MODEL_*, METHOD_*, INFERENCE_FAILED. */
export async function evaluateMaps(request: EvaluationRequest): Promise<EvaluatedMaps> {
  const { network, frames, wish, signal } = request;
  const [first] = frames;
  if (!first)
    throw new RoadgazeError(
      'INPUT_EMPTY',
      'No frame of the drives can be evaluated.',
      'Give a drive with frames that can be decoded.',
    );
  const bare = await openPassesNetwork(network, [], '+', wish, first.inputs, signal);
  const threads = new PictureThreads(Math.min(8, availableParallelism()));
  try {
    return await new Evaluation(request, bare, threads).run();
  } finally {
    await threads.close();
    await bare.close();
  }
}

/** The same picture for every map. */
interface PreparedFrame {
  readonly answer: number;
  readonly whole: number;
  readonly nulls: ReadonlyMap<NullMapId, Float32Array>;
}

class Evaluation {
  readonly #request: EvaluationRequest;
  readonly #bare: PassesNetwork;
  readonly #threads: PictureThreads;
  readonly #steps: readonly number[];
  readonly #planes = new Map<string, Map<number, Float32Array>>();
  #done = 0;
  #total = 0;

  constructor(request: EvaluationRequest, bare: PassesNetwork, threads: PictureThreads) {
    this.#request = request;
    this.#bare = bare;
    this.#threads = threads;
    this.#steps = randomisationSteps(bare.layers, MOST_STEPS);
  }

  async run(): Promise<EvaluatedMaps> {
    const { methods, frames, fills } = this.#request;
    const prepared = await this.#severalAtOnce(frames, (frame) => this.#prepare(frame));
    const nulls = NULL_MAPS.filter(({ id }) => prepared.some((each) => each.nulls.has(id)));
    const plan = evaluationPlan({
      methods,
      frames: frames.length,
      nullMaps: nulls.length,
      fills: fills.length,
      steps: this.#steps.length,
    });
    this.#total = plan.passes;
    const seconds = await this.#expectedSeconds(plan, prepared[0]!);
    this.#request.onPlan({ ...plan, nullMaps: nulls.length, seconds });

    for (const { id } of nulls)
      this.#planes.set(
        id,
        new Map(
          prepared.flatMap((each, place) => {
            const plane = each.nulls.get(id);
            return plane ? [[place, plane] as const] : [];
          }),
        ),
      );
    const maps = await this.#explain(plan);
    const random = await this.#randomise(plan);
    const measured: MeasuredMap[] = [];
    for (const [id, planes] of this.#planes) {
      const places = [...planes.keys()];
      const scores = await this.#severalAtOnce(places, (place) =>
        this.#measure(planes.get(place)!, frames[place]!, prepared[place]!),
      );
      const ofMethod = maps.get(id);
      measured.push({
        id,
        name: nameOfMap(id),
        isNull: !ofMethod,
        frames: new Map(places.map((place, index) => [place, scores[index]!])),
        randomisation: random.get(id) ?? null,
        sensitivity: ofMethod?.sensitivity ?? null,
        cost: ofMethod?.cost ?? null,
      });
    }
    return { measured, planes: this.#planes, randomLayers: this.#steps };
  }

  #severalAtOnce<Item, Result>(
    items: readonly Item[],
    work: (item: Item) => Promise<Result>,
  ): Promise<Result[]> {
    // One more than there are threads: one of them runs the network.
    return severalAtOnce(items, this.#threads.count + 1, this.#request.signal, work);
  }

  #predict({ inputs }: EvaluatedFrame): Predict {
    return async (pictures) =>
      Float64Array.from(
        await Promise.all(pictures.map((picture) => this.#bare.run(picture, false, inputs))),
        ({ steering }) => steering * this.#request.scale,
      );
  }

  async #prepare(frame: EvaluatedFrame): Promise<PreparedFrame> {
    const { network, seed } = this.#request;
    const grid = pictureGrid(network.image);
    const predict = this.#predict(frame);
    const [answer] = await predict([frame.picture]);
    const colors = pictureColors(network, network.image, frame.picture, { isOfVideo: true });
    const nulls = nullMaps({ gray: brightness(colors), size: grid, road: frame.road, seed });
    const salient = new Uint8Array(grid.width * grid.height);
    const whole = await shiftSlope(
      predict,
      { picture: frame.picture, grid, salient, which: 'whole', answer: answer! },
      (name, task) => this.#threads.run(name, task),
    );
    return { answer: answer!, whole, nulls };
  }

  async #measure(
    plane: Float32Array,
    frame: EvaluatedFrame,
    { answer, whole }: PreparedFrame,
  ): Promise<FrameScore> {
    const { network, fills, seed } = this.#request;
    const score = await measureMap(
      this.#predict(frame),
      {
        picture: frame.picture,
        grid: pictureGrid(network.image),
        answer,
        plane,
        road: frame.road,
        fills,
        seed,
        whole,
      },
      (name, task) => this.#threads.run(name, task),
    );
    this.#advance(passesOfMap(fills.length));
    return score;
  }

  async #expectedSeconds(plan: EvaluationPlan, prepared: PreparedFrame): Promise<number> {
    const [frame] = this.#request.frames;
    const before = performance.now();
    await this.#severalAtOnce(TRIED_MAPS, (id) =>
      this.#measure(prepared.nulls.get(id)!, frame!, prepared),
    );
    const seconds = (performance.now() - before) / 1000;
    // That was a trial.
    this.#done = 0;
    const starts =
      plan.compiled.length + this.#steps.length * Math.ceil(plan.compiled.length / TOGETHER);
    return (
      (seconds * plan.passes) / (TRIED_MAPS.length * passesOfMap(this.#request.fills.length)) +
      STARTING * starts
    );
  }

  async #explain(plan: EvaluationPlan): Promise<ReadonlyMap<string, MethodMaps>> {
    const { frames } = this.#request;
    const found = new Map<string, MethodMaps>();
    const of = (places: readonly number[]) => places.map((place) => frames[place]!);
    for (const id of plan.compiled) {
      const maps = await compiledMaps(id, frames, of(plan.randomised), this.#mapsOf(id));
      found.set(id, maps);
      this.#planes.set(id, new Map(maps.planes.entries()));
    }
    for (const id of plan.iterative) {
      const maps = await iterativeMaps(id, of(plan.sparse), this.#mapsOf(id));
      found.set(id, maps);
      this.#planes.set(
        id,
        new Map(maps.planes.map((plane, index) => [plan.sparse[index]!, plane])),
      );
    }
    return found;
  }

  /** Methods together, so that a network that is partly random is started once for several. */
  async #randomise({
    compiled,
    randomised,
  }: EvaluationPlan): Promise<ReadonlyMap<string, Randomisation>> {
    const frames = randomised.map((place) => this.#request.frames[place]!);
    const found = new Map<string, Randomisation>();
    for (let at = 0; at < compiled.length && this.#steps.length > 0; at += TOGETHER) {
      const ids = compiled.slice(at, at + TOGETHER);
      const steps: (readonly (readonly Float32Array[])[])[] = [];
      for (const layers of this.#steps)
        steps.push(await randomisedPlanes(ids, frames, layers, this.#mapsOf(ids[0]!)));
      for (const [index, id] of ids.entries()) {
        const originals = this.#planes.get(id)!;
        const ofFrames = await Promise.all(
          randomised.map((place, frame) =>
            this.#threads.run('randomisation', {
              original: originals.get(place)!,
              steps: steps.map((step) => step[index]![frame]!),
            }),
          ),
        );
        found.set(id, meanRandomisation(ofFrames));
      }
    }
    return found;
  }

  #mapsOf(id: string): MapsRequest {
    const { network, wish, seed, signal } = this.#request;
    return {
      network,
      bare: this.#bare,
      wish,
      seed,
      signal,
      onMaps: (count) => this.#advance(count * passesOfExplanation(id)),
    };
  }

  #advance(passes: number): void {
    this.#done += passes;
    this.#request.onProgress(this.#done, this.#total);
  }
}

function nameOfMap(id: string): string {
  return NULL_MAPS.find((each) => each.id === id)?.name ?? describeMethod(id)!.name;
}
