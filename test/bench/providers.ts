import { probeProvider } from '../../server/inference/provider-probe.ts';

/** GPU providers that load here; says of the others why not. */
export async function providersThatLoad(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of ['cuda', 'webgpu'] as const) {
    const { loads, reason } = await probeProvider(name);
    if (loads) found.push(name);
    else console.log(`${name}: ${reason}`);
  }
  return found;
}
