import { harmless } from '../../shared/harmless.ts';
import type { EvaluatedDrives } from './evaluate-drives.ts';
import { cardPicture } from './card-pictures.ts';
import { digits, faithfulBar, gainPlot, randomisationPlot, unitSuffix } from './card-plots.ts';
import { CARD_STYLE } from './card-style.ts';
import { shortForm, type MapScore, type TrustCard, type Verdict } from './trust-card.ts';
import { blindTo } from './warnings.ts';

/** Frames of which maps are shown. */
const SHOWN_FRAMES = 2;

/** The trust card as one HTML file that needs nothing else, on a screen or printed. */
export async function cardPage(evaluated: EvaluatedDrives): Promise<string> {
  const { card } = evaluated;
  const shown = shownFrames(evaluated);
  const best = card.maps.find(({ id }) => id === card.bestNull)!;
  const originals = await picturesOf(evaluated, null, shown);
  const maps = [];
  for (const map of card.maps)
    maps.push(mapSection(map, card, best, await picturesOf(evaluated, map.id, shown)));
  const name = escaped(card.network.name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trust card of ${name}</title>
<style>${CARD_STYLE}</style>
</head>
<body>
<h1>Trust card of ${name}</h1>
<p>Which explanation can be believed on this network, measured on ${framesInWords(card)}. Changes of the answer are in ${unitInWords(card)}.</p>
${card.warnings.map((warning) => `<p class="warning">${escaped(warning)}</p>`).join('\n')}
${table(card, best)}
<p class="small">${legend(card)}</p>
<h2>The pictures, and each map</h2>
<div class="pictures">${originals}</div>
${maps.join('\n')}
${unsuited(card)}
<h2>How it was measured</h2>
${settings(card)}
</body>
</html>
`;
}

/** Among those that every map has: the first, and the middle one. */
function shownFrames({ frames, planes }: EvaluatedDrives): readonly number[] {
  const common = frames
    .map((_, place) => place)
    .filter((place) => [...planes.values()].every((each) => each.has(place)));
  const step = Math.max(1, Math.floor(common.length / SHOWN_FRAMES));
  return common.filter((_, index) => index % step === 0).slice(0, SHOWN_FRAMES);
}

async function picturesOf(
  { network, frames, planes }: EvaluatedDrives,
  id: string | null,
  shown: readonly number[],
): Promise<string> {
  const images = [];
  for (const place of shown) {
    const frame = frames[place]!;
    const plane = id === null ? null : (planes.get(id)?.get(place) ?? null);
    const png = Buffer.from(await cardPicture(network, frame, plane)).toString('base64');
    const about = `${id ?? 'as the network sees it'}, frame ${frame.frame} of ${frame.drive}`;
    images.push(`<img alt="${escaped(about)}" src="data:image/png;base64,${png}">`);
  }
  return images.join('');
}

const VERDICTS: Readonly<Record<Verdict, string>> = {
  beats: 'yes',
  unclear: 'not clearly',
  fails: 'no',
};

function table(card: TrustCard, best: MapScore): string {
  const unit = unitSuffix(card.unit).trim();
  const head = [
    'map',
    'faithful',
    '',
    'beats null maps',
    ...card.settings.fills.map((fill) => `gain, ${fill}${unit ? ` (${unit})` : ''}`),
    'all random',
    'entropy',
    'shift 1',
    'shift 2',
    'area 1',
    'mass on road',
    'rank on road',
    'unsteady',
    'cost',
  ];
  const rows = card.maps.map((map) => {
    const { randomisation: random, shift, verdict } = map;
    const cells = [
      `<a href="#${map.id}">${escaped(map.name)}</a>`,
      fixed(map.faithful),
      faithfulBar(map.faithful, best.faithful),
      verdict ? VERDICTS[verdict] : '',
      ...card.settings.fills.map((fill) => digits(map.gains[fill]?.gain ?? NaN)),
      random ? `${fixed(random.similarity.at(-1)!)}${random.passed ? '' : ' !'}` : '',
      random ? signedPercent(random.entropyRise) : '',
      fixed(shift.salient),
      fixed(shift.rest),
      percent(shift.area),
      map.mass === null ? '' : percent(map.mass),
      map.rank === null ? '' : percent(map.rank),
      fixed(map.sensitivity),
      map.cost === null ? '' : `× ${digits(Number(map.cost.toFixed(map.cost < 10 ? 1 : 0)))}`,
    ];
    const classes = [map.isNull ? 'null' : '', verdict ?? ''].filter(Boolean).join(' ');
    return `<tr class="${classes}">${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return `<div class="wide"><table><thead><tr>${head.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function legend({ settings: { disturbance } }: TrustCard): string {
  return [
    'Faithful: symmetric relevance gain ÷ the largest change that flipping made, mean of the fills; 0 for a map that knows nothing, 1 at best; the line is the best null map.',
    'All random: rank correlation of the map with that of the same network with all weights random; “!” from 0.5 on.',
    'Entropy: how much it rises then.',
    'Shift 1 and 2: how much of the change by shifting the whole picture comes with what the map calls salient, and with the rest; area 1 is how much of the picture the first is.',
    'Mass and rank on road: relevance mass and rank accuracy against the road region.',
    `Unsteady: the largest change of the map for a change of ${percent(disturbance)} of the picture, as a part of the map.`,
    'Cost: time ÷ that of the network alone.',
  ].join(' ');
}

function mapSection(map: MapScore, card: TrustCard, best: MapScore, pictures: string): string {
  const highest = Math.max(
    ...card.maps.flatMap(({ gains }) =>
      Object.values(gains).flatMap(({ curves }) => [...curves.most, ...curves.least]),
    ),
  );
  const plots = card.settings.fills
    .flatMap((fill) => {
      const gain = map.gains[fill];
      return gain
        ? [`<figure>${gainPlot(gain, card, highest)}<figcaption>${fill}</figcaption></figure>`]
        : [];
    })
    .join('');
  const random = map.randomisation
    ? `<figure>${randomisationPlot(map, card)}<figcaption>randomisation</figcaption></figure>`
    : '';
  const verdict =
    map.verdict === null
      ? map.id === best.id
        ? 'The best of the maps that know nothing.'
        : 'Knows nothing of the network.'
      : `On this network: ${shortForm(map)}.`;
  return `<section id="${map.id}"><h3>${escaped(map.name)}</h3><p>${[verdict, blindTo(map.id)].filter(Boolean).join(' ')}</p><div class="pictures">${pictures}</div><div class="plots">${plots}${random}</div></section>`;
}

function unsuited({ unsuited: methods }: TrustCard): string {
  return methods.length === 0
    ? ''
    : `<h2>Methods that do not explain this network</h2><ul>${methods.map(({ id, why }) => `<li>${escaped(id)}: ${escaped(why)}</li>`).join('')}</ul>`;
}

function settings({ settings: of, drives, network, assumptions }: TrustCard): string {
  const lines = [
    `Network: ${network.name}, SHA-256 ${network.sha256}.`,
    ...drives.map(({ name, frames }) => `${name}: frames ${frames.join(', ')}.`),
    `Seed ${of.seed}. Flipped: ${of.fractions.map(percent).join(', ')} of the picture; all of a pixel’s channels at once.`,
    `Salient for the shift: above ${of.shift.threshold} of the map’s largest value, widened by ${of.shift.widening} pixels; shifted by ${of.shift.pixels.map(digits).join(', ')} pixels of the network’s picture.`,
    `Random from the last layer on: ${of.randomLayers.join(', ')} layers.`,
    ...assumptions,
  ];
  return `<ul class="small">${lines.map((line) => `<li>${escaped(line)}</li>`).join('')}</ul>`;
}

function framesInWords({ drives }: TrustCard): string {
  const frames = drives.reduce((sum, drive) => sum + drive.frames.length, 0);
  return `${frames} frame${frames === 1 ? '' : 's'} of ${drives.map(({ name }) => escaped(name)).join(', ')}`;
}

function unitInWords({ unit }: TrustCard): string {
  if (unit === 'deg') return 'degrees';
  return unit === '' ? 'the network’s own unit, which is not known' : escaped(unit);
}

function fixed(value: number | null): string {
  return value === null ? '' : value.toFixed(2).replace('-', '−');
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function signedPercent(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.round(Math.abs(100 * share))} %`;
}

function escaped(text: string): string {
  return harmless(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
