import type { GainScore, MapScore, TrustCard } from './trust-card.ts';

/** Plots as SVG, drawn with the colours of the page's style sheet. */
const [WIDTH, HEIGHT, EDGE] = [220, 120, 22];

interface Line {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly className: string;
}

interface Plot {
  readonly lines: readonly Line[];
  readonly x: readonly [low: number, high: number];
  readonly y: readonly [low: number, high: number];
  /** Ends of the axes, in words. */
  readonly labels: { readonly x: string; readonly high: string; readonly low: string };
  readonly title: string;
}

/** How far the answer changes while pixels are flipped in both orders. */
export function gainPlot(
  { curves }: GainScore,
  { settings, unit }: TrustCard,
  highest: number,
): string {
  const points = (values: readonly number[]) => [
    [0, 0] as const,
    ...values.map((value, index) => [settings.fractions[index]!, value] as const),
  ];
  return plot({
    lines: [
      { points: points(curves.most), className: 'most' },
      { points: points(curves.least), className: 'least' },
    ],
    x: [0, 1],
    y: [0, highest],
    labels: { x: 'part flipped', high: `${digits(highest)}${unitSuffix(unit)}`, low: '0' },
    title:
      'Change of the answer with the most relevant pixels flipped first, and the least relevant',
  });
}

/** Correlation with the network's own map, layer by layer. */
export function randomisationPlot({ randomisation }: MapScore, { settings }: TrustCard): string {
  if (!randomisation) return '';
  const layers = settings.randomLayers;
  const most = layers.at(-1)!;
  const low = Math.min(0, ...randomisation.similarity);
  return plot({
    lines: [
      {
        points: [
          [0, 1],
          ...randomisation.similarity.map((value, index) => [layers[index]!, value] as const),
        ],
        className: 'most',
      },
    ],
    x: [0, most],
    y: [low, 1],
    labels: { x: `${most} layers random`, high: '1', low: digits(low) },
    title: 'Rank correlation with the map of the network as it is',
  });
}

/** From −1 to 1, with the best map that knows nothing as a line across. */
export function faithfulBar(faithful: number, best: number): string {
  const at = (value: number) => 50 + 50 * Math.min(1, Math.max(-1, value));
  const [from, to] = [at(0), at(faithful)];
  return `<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="10"/><rect class="value" x="${number(Math.min(from, to))}" width="${number(Math.abs(to - from))}" height="10"/><rect class="null" x="${number(at(best) - 0.4)}" width="0.8" height="10"/></svg>`;
}

function plot({ lines, x, y, labels, title }: Plot): string {
  const across = (value: number) =>
    EDGE + ((value - x[0]) / (x[1] - x[0] || 1)) * (WIDTH - 2 * EDGE);
  const up = (value: number) =>
    HEIGHT - EDGE - ((value - y[0]) / (y[1] - y[0] || 1)) * (HEIGHT - 2 * EDGE);
  const drawn = lines
    .map(
      ({ points, className }) =>
        `<polyline class="${className}" points="${points.map(([px, py]) => `${number(across(px))},${number(up(py))}`).join(' ')}"/>`,
    )
    .join('');
  return `<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><title>${title}</title><path class="axes" d="M${EDGE} ${EDGE}V${HEIGHT - EDGE}H${WIDTH - EDGE}"/>${drawn}<text x="${EDGE}" y="${EDGE - 6}">${labels.high}</text><text x="${EDGE - 4}" y="${HEIGHT - EDGE}" text-anchor="end">${labels.low}</text><text x="${WIDTH - EDGE}" y="${HEIGHT - 6}" text-anchor="end">${labels.x}</text></svg>`;
}

/** As it stands behind a number. */
export function unitSuffix(unit: string): string {
  if (unit === 'deg') return '°';
  return unit === '' ? '' : ` ${unit}`;
}

/** Three of them. */
export function digits(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5))
    return value.toExponential(1).replace('-', '−');
  return String(Number(value.toPrecision(3))).replace('-', '−');
}

function number(value: number): string {
  return String(Number(value.toFixed(2)));
}
