import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { RoadgazeError } from '../../shared/errors.ts';
import { notWritable } from '../files/not-writable.ts';
import type { Preset, Proposal } from '../inference/propose-sidecar.ts';
import { inWorkshop } from '../pipeline/workshop/workshop.ts';
import { fitted } from './terminal.ts';

export interface SidecarOptions {
  readonly preset?: Preset;
  readonly write?: true;
}

export async function runSidecar(path: string, { preset, write }: SidecarOptions): Promise<void> {
  const { inputs, outputs, text } = await inWorkshop('sidecar', { path, preset: preset ?? null });
  const lines = [
    'inputs',
    ...inputs.flatMap(linesOf),
    'outputs',
    ...outputs.flatMap(linesOf),
    ...(write ? [] : ['', ...text.trimEnd().split('\n')]),
  ];
  process.stdout.write(`${lines.map((line) => fitted(line, process.stdout, '    ')).join('\n')}\n`);
  if (!write) return;
  const file = `${path.slice(0, path.length - extname(path).length)}.json`;
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw new RoadgazeError(
        'USAGE',
        `${file} is there already.`,
        'Leave --write out to see what would be written, or move the file away.',
        { cause },
      );
    throw notWritable(`${file} cannot be written`, cause);
  }
  process.stdout.write(`written to ${file}\n`);
}

function linesOf({ what, entry, why }: Proposal): string[] {
  return [`  ${what}: ${why}`, ...(entry === null ? [] : [`    ${entry}`])];
}
