import { describeMethod } from '../../shared/methods.ts';
import { RANDOM_ENOUGH, type MapScore } from './trust-card.ts';

/** What a reader must know before any number: plain sentences, none where there is nothing. */
export function warningsOf(maps: readonly MapScore[], bestNull: MapScore): readonly string[] {
  const methods = maps.filter(({ isNull }) => !isNull);
  const named = (chosen: readonly MapScore[]) => chosen.map(({ name }) => name).join(', ');
  const behind = methods.filter(({ verdict }) => verdict === 'fails');
  const unclear = methods.filter(({ verdict }) => verdict === 'unclear');
  const deaf = methods.filter(({ randomisation }) => randomisation && !randomisation.passed);
  const best = `“${bestNull.name}” (${bestNull.faithful.toFixed(2)})`;
  return [
    ...(behind.length > 0
      ? [
          `On this network no more faithful than ${best}, which knows nothing of it: ${named(behind)}. Do not take these maps for what the network does.`,
        ]
      : []),
    ...(unclear.length > 0
      ? [
          `Not clearly more faithful than ${best} on so few frames: ${named(unclear)}. More frames may tell.`,
        ]
      : []),
    ...(deaf.length > 0
      ? [
          `Much the same with all weights random (correlation of ${RANDOM_ENOUGH} or more): ${named(deaf)}. These maps show the picture more than the network.`,
        ]
      : []),
  ];
}

/** What a method's map never depends on, whatever the network. */
export function blindTo(id: string): string | null {
  return id === 'visualbackprop'
    ? `${describeMethod(id)!.name} uses no weights behind the last convolution: it stays as it is while only those are random.`
    : null;
}
