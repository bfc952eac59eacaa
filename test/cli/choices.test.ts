import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAnalysis, type ReportedSummary } from '../../server/cli/analyze-report.ts';
import { flagSettingsOf } from '../../server/cli/flag-options.ts';
import { splitSources } from '../../server/cli/live-options.ts';
import { providerLine } from '../../server/cli/provider-line.ts';

test('settings of flags are taken as given, up to a share of all, and a lift of more', () => {
  const options = {
    flagBy: 'share',
    flagBelow: 1,
    flagUntil: 1,
    flagSeconds: 2,
    flagMerge: 3,
    flagError: 4,
    flagAgreement: -0.5,
  } as const;
  assert.deepEqual(flagSettingsOf(options), {
    measure: 'share',
    enterBelow: 1,
    leaveAbove: 1,
    minimumSeconds: 2,
    mergeSeconds: 3,
    errorAbove: 4,
    agreementBelow: -0.5,
  });
  assert.throws(() => flagSettingsOf({ ...options, flagBelow: 1.01, flagUntil: 2 }), {
    code: 'USAGE',
  });
  assert.throws(() => flagSettingsOf({ ...options, flagUntil: 0.99 }), { code: 'USAGE' });
  const lift = flagSettingsOf({ ...options, flagBy: 'lift', flagBelow: 1.5, flagUntil: 2 });
  assert.deepEqual([lift.measure, lift.enterBelow, lift.leaveAbove], ['lift', 1.5, 2]);
});

test('sources are feeds by their address, and one recording or folder at most', () => {
  const split = (...sources: string[]) => {
    const { recording, feeds } = splitSources(sources, {});
    return [recording, feeds.map(({ address }) => address)];
  };
  assert.deepEqual(split(), [undefined, []]);
  assert.deepEqual(split('udp://:5000', 'drives', '-', '/dev/video0', 'RTSP://cam/x'), [
    'drives',
    ['udp://:5000', '-', '/dev/video0', 'RTSP://cam/x'],
  ]);
  assert.deepEqual(split('/dev/videos'), ['/dev/videos', []]);
  assert.throws(() => split('a.mp4', 'b.mp4'), { code: 'USAGE', message: /a\.mp4 and b\.mp4/ });
  assert.throws(() => split('-', '-'), { code: 'USAGE', message: /stdin/ });
  const port = { host: '127.0.0.1', port: 9000 };
  const [first, second] = splitSources(['udp://:5000', 'udp://:5001'], { signals: [port] }).feeds;
  assert.deepEqual([first!.signals, second!.signals], [port, undefined]);
  assert.throws(() => splitSources(['udp://:5000'], { signals: [port, port] }), {
    code: 'USAGE',
    message: /There are 2 --signals for 1 live feeds/,
  });
});

test('one worker is one, and what was passed over is named', () => {
  const report = { name: 'cpu', millisecondsPerFrame: 1.26, passedOver: [] } as const;
  assert.equal(providerLine({ ...report, workers: 1 }), 'cpu, 1 worker, 1.3 ms a frame');
  assert.equal(
    providerLine({ ...report, workers: 2, passedOver: ['cuda: no driver', 'webgpu: no adapter'] }),
    'cpu, 2 workers, 1.3 ms a frame; not cuda: no driver; not webgpu: no adapter',
  );
});

test('the terminal tells of an analysis what its summary holds', () => {
  const summary: ReportedSummary = {
    network: {
      number: { tensor: 'angle', index: 0, elements: 1, meaning: 'steering' },
    },
    road: { kind: 'polygon' },
    recording: { file: 'drive.mp4', frames: 120 },
    complete: true,
    onRoad: { minimum: 0.1234, mean: 0.8766 },
    flags: 1,
    run: {
      provider: { name: 'cpu', workers: 1, millisecondsPerFrame: 2, passedOver: [] },
      seconds: 4.04,
      framesPerSecond: 29.7,
    },
    assumptions: ['The clock is taken for that of the pictures.'],
    warnings: ['one', 'two', 'three', 'four', 'five'],
  };
  assert.deepEqual(describeAnalysis(summary, 'out').split('\n'), [
    'drive.mp4: 120 frames in 4.0 s (30 frames/s)',
    '  cpu, 1 worker, 2.0 ms a frame',
    '  on road 87.7 % on average, 12.3 % at worst; 1 flag',
    '  note: The clock is taken for that of the pictures.',
    '  warning: one',
    '  warning: two',
    '  warning: three',
    '  … and 2 more warnings in summary.json',
    '  results in out',
    '',
  ]);
  const partly = describeAnalysis(
    {
      ...summary,
      complete: false,
      framesExpected: 150,
      onRoad: null,
      flags: 2,
      confirmed: 1,
      warnings: ['one', 'two', 'three'],
    },
    'out',
  );
  assert.match(partly, /^ {2}incomplete: 120 of 150 frames;/m);
  assert.match(partly, /^ {2}no on-road share on any frame; 2 flags, 1 confirmed:/m);
  assert.doesNotMatch(partly, /more warnings/);
  const checked = (flags: number, confirmed: number) =>
    describeAnalysis({ ...summary, flags, confirmed }, 'out').split('\n')[2];
  assert.match(checked(2, 0)!, /; 2 flags, 0 confirmed$/);
  assert.match(checked(0, 0)!, /; 0 flags$/);
  assert.match(
    describeAnalysis({ ...summary, onRoad: null, road: { kind: 'none' } }, 'out'),
    /no road region, so no on-road share/,
  );
});
