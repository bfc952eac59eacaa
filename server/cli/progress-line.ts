import cliProgress from 'cli-progress';
import { harmless } from '../../shared/harmless.ts';

/**
 * A progress bar on the terminal with frames, or what else is counted, per second and time left;
 * silent where the output is no terminal.
 */
export class ProgressLine {
  readonly #bar: cliProgress.SingleBar;
  readonly #began = performance.now();
  readonly #total: number;

  constructor(name: string, total: number, counted = 'frames') {
    this.#total = total;
    const shown = harmless(name);
    this.#bar = new cliProgress.SingleBar(
      {
        format: `${shown.length > 24 ? `${shown.slice(0, 23)}…` : shown} {bar} {percentage} %  {value}/{total}  {rate} ${counted}/s  {left} left`,
        barsize: 16,
        hideCursor: true,
        noTTYOutput: false,
        fps: 8,
        stopOnComplete: false,
        clearOnComplete: true,
        stream: process.stderr,
        emptyOnZero: true,
      },
      cliProgress.Presets.shades_classic,
    );
    this.#bar.start(total, 0, { rate: '–', left: '–' });
  }

  advance(done: number): void {
    const seconds = (performance.now() - this.#began) / 1000;
    const rate = done / Math.max(seconds, 1e-3);
    // The count of frames comes from packets and may be off by a few.
    if (done > this.#total) this.#bar.setTotal(done);
    this.#bar.update(done, {
      rate: rate.toFixed(0),
      left: clock(Math.max(0, this.#total - done) / rate),
    });
  }

  stop(): void {
    this.#bar.stop();
  }
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
