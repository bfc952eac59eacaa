import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MEASURES } from '../../shared/measures/measures.ts';
import { valueOf } from '../../shared/measures/values.ts';
import { frameOf } from '../../shared/protocol/columns.ts';
import type { Flag } from '../../shared/flags.ts';
import { serve } from '../api/support/server.ts';
import { Viewer } from '../api/support/viewer.ts';
import { runNode } from '../setup/support.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { repositoryRoot, temporaryFolder } from '../support/paths.ts';
import { writeSteeringNetwork } from '../support/small-networks.ts';

const methods = ['visualbackprop', 'gradient'];

test('page and analyze give the same rows and flags of a drive', async (t) => {
  const folder = temporaryFolder(t);
  const clip = await makeNumberedClip(join(folder, 'a.mp4'), { frames: 60 });
  const log = Array.from({ length: 100 }, (_, row) => `${row / 20},${row / 500}`);
  writeFileSync(join(folder, 'a.csv'), ['t [s],steering [rad]', ...log, ''].join('\n'));
  const output = { quantity: 'angle', unit: 'rad', positive: 'left' };
  const network = writeSteeringNetwork(folder, {
    sidecar: { roadgaze: 1, kind: 'steering', output },
  });

  const results = join(folder, 'results');
  const outcome = await runNode([
    join(repositoryRoot, 'dist/node/server/cli/main.js'),
    ...['analyze', clip, '-o', results, '--model', network, '--method', methods.join()],
    ...['--provider', 'cpu', '--road', 'polygon:0,0 0.5,0 0.5,1 0,1'],
  ]);
  assert.equal(outcome.status, 0, outcome.stderr);
  const [head, ...lines] = readFileSync(join(results, 'frames.csv'), 'utf8').trim().split('\n');
  const names = head!.split(',');
  const written = lines.map((line) => line.split(','));
  const { flags: kept, settings } = JSON.parse(
    readFileSync(join(results, 'flags.json'), 'utf8'),
  ) as { flags: Flag[]; settings: never };

  const points = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ] as const;
  const server = await serve(t, {
    recordings: folder,
    networks: [network],
    road: { kind: 'polygon', points },
    flags: settings,
  });
  const viewer = await Viewer.connect(server);
  await viewer.open('a.mp4', 'small', methods);
  await viewer.message('analysis', ({ complete }) => complete);
  await viewer.close();
  const shown = viewer.messages.flatMap((message) => {
    if (message.type !== 'analysis') return [];
    const { columns } = message;
    return columns.frame.map((frame, row) => ({
      frame,
      pts: columns.pts[row]!,
      ...frameOf(columns, row),
    }));
  });
  assert.deepEqual(
    shown.map(({ frame, pts }) => [String(frame), pts.toFixed(6)]),
    written.map(([frame, pts]) => [frame, pts]),
  );
  let compared = 0;
  for (const measure of MEASURES) {
    for (const [method, id] of measure.of === 'method' ? methods.entries() : [[0, ''] as const]) {
      const column = names.indexOf(method > 0 ? `${measure.csv}_${id}` : (measure.csv ?? ''));
      if (column === -1) continue;
      compared++;
      for (const [row, numbers] of shown.entries()) {
        const [page, cell] = [valueOf(measure, numbers, method), written[row]![column]!];
        const what = `${names[column]} of frame ${row}: ${page} and ${cell}`;
        if (cell === '') assert.ok(Number.isNaN(page), what);
        // A cell has six digits; numbers on the wire are rounded to a millionth.
        else assert.ok(Math.abs(page - Number(cell)) <= 1e-6 + 5e-6 * Math.abs(page), what);
      }
    }
  }
  assert.equal(compared, names.length - 2);
  const flags = viewer.messages.flatMap((message) =>
    message.type === 'flags' ? [message.flags] : [],
  );
  assert.deepEqual(flags.at(-1), kept);
});
