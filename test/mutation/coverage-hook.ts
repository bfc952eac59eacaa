import { takeCoverage } from 'node:v8';

/*
 * Loaded into every process and thread of a test whose coverage is measured. Node writes coverage
 * when a process ends; one that is killed writes none, so it is written while it runs, too.
 */
setInterval(takeCoverage, 700).unref();
