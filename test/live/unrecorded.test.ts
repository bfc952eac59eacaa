import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { SegmentRing } from '../../server/live/segment-ring.ts';
import { findTools } from '../../server/video/tools.ts';
import { makeNumberedClip } from '../support/clips.ts';
import { temporaryFolder } from '../support/paths.ts';
import { rtspServerIsMissing, startRtspServer } from './support/sources.ts';
import { watch } from './support/watch.ts';

test(
  'a stream that an older ffmpeg cannot record is shown without a recording, and says so',
  { skip: rtspServerIsMissing() },
  async (t) => {
    const folder = temporaryFolder(t);
    const clip = await makeNumberedClip(join(folder, 'reordered.mp4'), {
      frames: 300,
      fps: 15,
      size: [160, 96],
      keyframes: 16,
      bFrames: 2,
    });
    const { ffmpeg } = await findTools();
    // As releases before 5.1: they cannot give a packet a time.
    const older = join(folder, 'ffmpeg');
    await writeFile(
      older,
      `#!/bin/bash\nargs=()\nwhile [ $# -gt 0 ]; do if [ "$1" = -bsf:v ]; then shift 2; else args+=("$1"); shift; fi; done\nexec '${ffmpeg}' "\${args[@]}"\n`,
    );
    await chmod(older, 0o755);
    process.env['ROADGAZE_FFMPEG'] = older;
    t.after(() => delete process.env['ROADGAZE_FFMPEG']);
    await mkdir(join(folder, 'ring'));
    const ring = await SegmentRing.open({
      parent: join(folder, 'ring'),
      maxBytes: 1 << 24,
      maxSeconds: 60,
    });
    const { port } = await startRtspServer(t, 0, clip);
    const feed = watch(t, `rtsp://127.0.0.1:${port}/road`, { ring });
    t.after(() => ring.close());
    await feed.frame(() => feed.frames.length >= 15, 0);
    assert.equal(ring.failure?.code, 'OUTPUT_NOT_WRITABLE');
    assert.match(ring.failure.message, /^The recording has stopped: /);
  },
);
