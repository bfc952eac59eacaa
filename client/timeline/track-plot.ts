import uPlot from 'uplot';
import type { DriveColumns } from '../data/columns.ts';
import { axisTime } from '../data/format.ts';
import type { TimeWindow } from '../data/time-window.ts';
import type { Track } from '../data/tracks.ts';
import { gapLine } from './gap-line.ts';
import { drawFlags, drawHatch, drawMarked, drawThresholds, type Marks } from './shading.ts';

/**
 * Width of the values beside every plot, CSS pixels; the same for all, so that they share one time
 * axis.
 */
export const VALUES_WIDTH = 46;
const TIME_HEIGHT = 22;
const TIME_STEPS = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900,
  1800, 3600, 7200,
];

/** Colours as the canvas needs them: resolved custom properties. */
export type Palette = (property: string) => string;

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  return (property) => style.getPropertyValue(property).trim();
}

export interface TrackPlot {
  /** Draws everything anew; at most once per animation frame. */
  draw(columns: DriveColumns, window: TimeWindow, marks: Marks): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

/**
 * One uPlot in `host`; the last of the stack carries the time axis. Pointer and cursor are the
 * stack's, not the plot's.
 */
export function createTrackPlot(
  host: HTMLElement,
  track: Track,
  palette: Palette,
  hasTimeAxis: boolean,
): TrackPlot {
  let marks: Marks = { flags: [], missing: { steering: [], attention: [] }, settings: null };
  let drawn: DriveColumns | null = null;
  const rootSize = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${Math.max(12, Math.round(rootSize * 0.92))}px ${getComputedStyle(document.body).fontFamily}`;
  const line = { stroke: palette('--grid'), width: 1 };

  const plot = new uPlot(
    {
      width: Math.max(VALUES_WIDTH + 10, host.clientWidth),
      height: Math.max(30, host.clientHeight),
      padding: [9, 0, hasTimeAxis ? 0 : 9, 0],
      cursor: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      legend: { show: false },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [
        {
          show: true,
          size: hasTimeAxis ? TIME_HEIGHT : 0,
          font,
          stroke: palette('--dim'),
          gap: 4,
          incrs: TIME_STEPS,
          space: rootSize * 6.5,
          values: (self, splits, _axis, _space, step) =>
            splits.map((value) =>
              hasTimeAxis && hasRoom(self, value, rootSize) ? axisTime(value, step) : '',
            ),
          grid: line,
          ticks: { show: false },
        },
        {
          size: VALUES_WIDTH,
          font,
          stroke: palette('--dim'),
          gap: 6,
          splits: (_plot, _axis, bottom, top) => track.marks(bottom, top),
          // A zero just above the time axis would run into its first label.
          values: (_plot, splits) =>
            splits.map((value) =>
              hasTimeAxis && value === 0 && splits[0] === 0 ? '' : track.markText(value),
            ),
          grid: line,
          ticks: { show: false },
        },
      ],
      series: [
        {},
        ...track.series.map(({ color, width, filled }): uPlot.Series => ({
          stroke: palette(color),
          width: width * Math.max(1, rootSize / 14),
          // The area is a hint of the level; the line is the value.
          ...(filled ? { fill: `color-mix(in srgb, ${palette(color)} 22%, transparent)` } : {}),
          paths: gapLine({ fill: filled }),
          points: { show: false },
        })),
      ],
      hooks: {
        drawClear: [
          (self) => {
            if (!drawn) return;
            drawHatch(self, drawn, marks.missing[track.shows], palette('--hatch'));
            drawFlags(self, drawn, marks, track.kinds, palette('--flag'));
          },
        ],
        draw: [
          (self) => {
            if (drawn && track.marked) drawMarked(self, drawn, track.marked, palette('--dim'));
            if (marks.settings)
              drawThresholds(self, track.thresholds(marks.settings), palette('--text'));
          },
        ],
      },
    },
    [new Float64Array(0), ...track.series.map(() => new Float32Array(0))],
    host,
  );

  return {
    draw(columns, window, newMarks) {
      drawn = columns;
      marks = newMarks;
      const [min, max] = track.range(columns);
      plot.batch(() => {
        plot.setData(
          [columns.time, ...track.series.map(({ column }) => columns.of(column))],
          false,
        );
        plot.setScale('y', { min, max });
        plot.setScale('x', { min: window.min, max: window.max });
      });
    },
    resize: (width, height) => plot.setSize({ width, height }),
    destroy: () => plot.destroy(),
  };
}

/** A label at the very end would be cut off. */
function hasRoom(plot: uPlot, time: number, rootSize: number): boolean {
  return plot.valToPos(time, 'x') < plot.bbox.width / devicePixelRatio - 1.6 * rootSize;
}
