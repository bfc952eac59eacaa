import { fileURLToPath } from 'node:url';
import { compiled } from './compile.mjs';

// node recordings/scene/demo-drives.mjs [NAME ...]: renders the drives that ship, or those named.
const names = process.argv.slice(2);
const { demoDrives, demoSettings } = await compiled('demo-drives');
const { renderDrive } = await compiled('drive');
const out = fileURLToPath(new URL('../drives', import.meta.url));
for (const drive of demoDrives) {
  if (names.length > 0 && !names.includes(drive.name)) continue;
  const rate = await renderDrive(
    { ...drive, ...demoSettings, without: [], displaced: { shift: 0, turn: 0 }, out, raw: null },
    (line) => process.stderr.write(`${line}\n`),
  );
  process.stderr.write(`${drive.name}: ${rate.toFixed(1)} frames a second\n`);
}
