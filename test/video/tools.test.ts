import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findTools, parseVersion, spellings } from '../../server/video/tools.ts';
import { temporaryFolder } from '../support/paths.ts';

function banner(version: string, libavcodec: string): string {
  return `ffmpeg version ${version} Copyright (c) 2000-2026 the FFmpeg developers\nbuilt with gcc\nlibavutil      57. 28.100 / 57. 28.100\nlibavcodec     ${libavcodec} / ${libavcodec}\n`;
}

describe('options follow the release, also of builds without a release number', () => {
  const cases: [
    version: string,
    libavcodec: string,
    passthrough: string,
    timeBase: string,
    scale: boolean,
  ][] = [
    ['N-47683-g0e8eb07980-static', '58. 42.100', '-vsync', '-1', false],
    ['4.4.2-0ubuntu0.22.04.1', '58.134.100', '-vsync', '-1', false],
    ['5.1.9-0+deb12u1', '59. 37.100', '-fps_mode', '-1', true],
    ['n6.1', '60. 31.102', '-fps_mode', 'demux', true],
    ['7.1.1', '61. 19.101', '-fps_mode', 'demux', true],
  ];
  for (const [version, libavcodec, passthrough, timeBase, scale] of cases) {
    it(version, () => {
      const parsed = parseVersion(banner(version, libavcodec));
      assert.equal(parsed.version, version);
      const found = spellings(parsed.libavcodec);
      assert.deepEqual(found.passthrough, [passthrough, 'passthrough']);
      assert.deepEqual(found.fileTimeBase, ['-enc_time_base', timeBase]);
      assert.equal(found.copiedTimes.length > 0, passthrough === '-fps_mode');
      assert.deepEqual(found.movieTimeScale(90000), scale ? ['-movie_timescale', '90000'] : []);
    });
  }
});

describe('looking for ffmpeg', () => {
  async function fake(folder: string, version: string): Promise<string> {
    await mkdir(folder, { recursive: true });
    for (const name of ['ffmpeg', 'ffprobe']) {
      await writeFile(
        join(folder, name),
        `#!/bin/sh\necho 'ffmpeg version ${version} Copyright'\n`,
      );
      await chmod(join(folder, name), 0o755);
    }
    return folder;
  }

  it('takes the environment before the PATH, and the PATH before what the set-up noted', async (t) => {
    const kept = { ...process.env };
    t.after(() => {
      process.env = kept;
    });
    const folder = temporaryFolder(t);
    const [named, onPath, noted] = await Promise.all(
      ['named', 'path', 'noted'].map((name) => fake(join(folder, name), name)),
    );
    const toolsFile = join(folder, 'tools.json');
    delete process.env['ROADGAZE_FFMPEG'];
    delete process.env['ROADGAZE_FFPROBE'];

    process.env['PATH'] = join(folder, 'nothing');
    await assert.rejects(
      findTools(toolsFile),
      (error: unknown) => (error as { code: string }).code === 'FFMPEG_MISSING',
    );
    await writeFile(
      toolsFile,
      JSON.stringify({ ffmpeg: join(noted!, 'ffmpeg'), ffprobe: join(noted!, 'ffprobe') }),
    );
    assert.equal((await findTools(toolsFile)).version, 'noted');
    process.env['PATH'] = onPath!;
    assert.equal((await findTools(toolsFile)).version, 'path');
    process.env['ROADGAZE_FFMPEG'] = join(named!, 'ffmpeg');
    assert.equal((await findTools(toolsFile)).version, 'named');
    assert.equal((await findTools(toolsFile)).ffprobe, join(onPath!, 'ffprobe'));
  });
});
