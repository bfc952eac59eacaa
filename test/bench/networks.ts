import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, sharedFolder } from '../support/paths.ts';

/**
 * Steering networks to measure: the demo's, and the real ones where they lie beside the checkout.
 */
export function steeringNetworks(): { name: string; path: string }[] {
  const candidates = [
    { name: 'pilotnet (demo)', path: join(repositoryRoot, 'recordings/networks/pilotnet.onnx') },
    ...['nethvf', 'pilotnet-elu'].map((name) => ({
      name,
      path: join(sharedFolder ?? '', 'real', `${name}.onnx`),
    })),
  ];
  return candidates.filter(({ path }) => existsSync(path));
}
