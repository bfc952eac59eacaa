import type { ProviderReport } from '../pipeline/stream-explainer.ts';

/** Where the network runs, how fast, and why not elsewhere, in one line. */
export function providerLine({
  name,
  workers,
  millisecondsPerFrame,
  passedOver,
}: ProviderReport): string {
  const chosen = `${name}, ${workers} ${workers === 1 ? 'worker' : 'workers'}, ${millisecondsPerFrame.toFixed(1)} ms a frame`;
  return [chosen, ...passedOver.map((reason) => `not ${reason}`)].join('; ');
}
