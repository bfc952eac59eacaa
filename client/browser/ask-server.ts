import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';

/** Asks the server that the page is from for JSON. Rejects with a RoadgazeError, or as `fetch`. */
export async function askServer<Answer>(address: string, request?: RequestInit): Promise<Answer> {
  const answer = await fetch(address, request);
  const body: unknown = await answer.json();
  if (answer.ok) return body as Answer;
  const { code, message, hint } = body as ErrorReport;
  throw new RoadgazeError(code, message, hint);
}
