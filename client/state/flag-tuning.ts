import type { FlagSettings } from '../../shared/flags.ts';
import type { Analysis } from '../stream/analysis.svelte.ts';
import type { OpenDrive } from '../stream/open-drive.svelte.ts';

type Limits = Pick<FlagSettings, 'enterBelow' | 'leaveAbove'>;

/** Where a measure begins that was not used before. */
const FIRST: Readonly<Record<FlagSettings['measure'], Limits>> = {
  share: { enterBelow: 0.5, leaveAbove: 0.6 },
  lift: { enterBelow: 1, leaveAbove: 1.2 },
};

/** Changes when a stretch is flagged; every change takes effect at once. */
export class FlagTuning {
  readonly #drive: OpenDrive;
  readonly #analysis: Analysis;
  /** Limits of a measure that flags went by before. */
  readonly #used: Partial<Record<FlagSettings['measure'], Limits>> = {};

  constructor(drive: OpenDrive, analysis: Analysis) {
    this.#drive = drive;
    this.#analysis = analysis;
  }

  get settings(): FlagSettings | null {
    return this.#analysis.flagSettings;
  }

  /** As the server has them where nobody says otherwise. */
  get usual(): FlagSettings | null {
    return this.#drive.opened?.flags ?? null;
  }

  get isUsual(): boolean {
    const { settings, usual } = this;
    if (!settings || !usual) return false;
    return (Object.keys({ ...usual, ...settings }) as (keyof FlagSettings)[]).every(
      (key) => (settings[key] ?? null) === (usual[key] ?? null),
    );
  }

  change(part: Partial<FlagSettings>): void {
    if (!this.settings) return;
    const next = { ...this.settings, ...part };
    // What ends a flag can never be below what begins it.
    const leaveAbove =
      part.enterBelow === undefined ? next.leaveAbove : Math.max(next.leaveAbove, next.enterBelow);
    const enterBelow =
      part.leaveAbove === undefined ? next.enterBelow : Math.min(next.enterBelow, next.leaveAbove);
    this.#analysis.setFlagSettings({ ...next, leaveAbove, enterBelow });
  }

  /** Flags go by the other measure from now on, with the limits that it had last. */
  goBy(measure: FlagSettings['measure']): void {
    const { settings } = this;
    if (!settings) return;
    this.#used[settings.measure] = {
      enterBelow: settings.enterBelow,
      leaveAbove: settings.leaveAbove,
    };
    this.#analysis.setFlagSettings({
      ...settings,
      measure,
      ...(this.#used[measure] ?? FIRST[measure]),
    });
  }

  reset(): void {
    if (this.usual) this.#analysis.setFlagSettings(this.usual);
  }
}
