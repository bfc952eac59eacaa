import type { WorstFlag } from './scan/results-folder.ts';

/** An analysis that ended in this server, or in an earlier one of the same folder. */
export interface OwnAnalysis {
  /** Id of the recording. */
  readonly recording: string;
  /** Of its files, as `DriveSource.version` says. */
  readonly version: string;
  /** As it is listed. */
  readonly network: string;
  readonly flags: number;
  readonly worst: WorstFlag | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** More are forgotten, the oldest first. */
const MOST = 50_000;

/** What was analysed, by recording and network; the last one of each counts. */
export class OwnAnalyses {
  readonly #all = new Map<string, OwnAnalysis>();
  readonly #byRecording = new Map<string, Set<string>>();

  add(analysis: OwnAnalysis): void {
    const key = `${analysis.recording}\0${analysis.network}`;
    this.#all.delete(key);
    this.#all.set(key, analysis);
    const keys = this.#byRecording.get(analysis.recording) ?? new Set();
    this.#byRecording.set(analysis.recording, keys.add(key));
    const [oldest] = this.#all.keys();
    if (this.#all.size > MOST) this.#remove(oldest!);
  }

  of(recording: string): OwnAnalysis[] {
    return [...(this.#byRecording.get(recording) ?? [])].map((key) => this.#all.get(key)!);
  }

  values(): Iterable<OwnAnalysis> {
    return this.#all.values();
  }

  #remove(key: string): void {
    const { recording } = this.#all.get(key)!;
    this.#all.delete(key);
    const keys = this.#byRecording.get(recording)!;
    keys.delete(key);
    if (keys.size === 0) this.#byRecording.delete(recording);
  }
}
