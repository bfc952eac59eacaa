import { fileURLToPath } from 'node:url';
import { compiled } from './compile.mjs';

const folder = process.argv[2] ?? fileURLToPath(new URL('../drives', import.meta.url));
const png = process.argv[3] ?? fileURLToPath(new URL('../contact-sheet.png', import.meta.url));
const { makeContactSheet } = await compiled('contact-sheet');
makeContactSheet(folder, ['country-road', 'motorway', 'misleading-signs'], png);
