// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { canInstallDebianPackages, installDebianPackage } from './debian.mjs';
import { root } from './project.mjs';

/** Debian's own: what lies earlier on the PATH does not know Debian's packages. */
const PYTHON = '/usr/bin/python3';
const PACKAGES = [
  'python3-gi',
  'gir1.2-gst-rtsp-server-1.0',
  'gstreamer1.0-plugins-good',
  'gstreamer1.0-plugins-ugly',
];

/** Whether GStreamer's RTSP server, which feeds some tests of live sources, is missing and can be installed. */
export function isRtspServerMissing() {
  if (!canInstallDebianPackages()) return false;
  return (
    !existsSync(PYTHON) ||
    spawnSync(PYTHON, [join(root, 'test', 'live', 'support', 'rtsp-server.py'), '--check'], {
      stdio: 'ignore',
    }).status !== 0
  );
}

/** Without it those tests skip, so a failure is not an error. */
export async function installRtspServer() {
  for (const name of PACKAGES) if (!(await installDebianPackage(name))) return;
}
