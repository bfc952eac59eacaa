// @ts-check
import { prepare } from './prepare.mjs';
import { reportAndExit } from './report.mjs';

// `npm run build`: what `npm start` would build, without starting.
await prepare(['packages', 'server', 'client']).catch(reportAndExit);
