/** What the page's address keeps, so that reloading or sending it shows the same thing. */
export interface Address {
  readonly recording?: string;
  /** Instead of a recording. */
  readonly feed?: string;
  readonly network?: string;
  readonly frame?: number;
  readonly panes?: string;
  /** One per pane, shown or not. */
  readonly methods?: readonly string[];
}

export function readAddress(): Address {
  const values = new URLSearchParams(location.hash.slice(1));
  const recording = values.get('recording');
  const feed = values.get('feed');
  const network = values.get('network');
  const frame = Number.parseInt(values.get('frame') ?? '', 10);
  const panes = values.get('panes');
  const methods = values.get('methods')?.split(' ');
  return { ...(recording && { recording }), ...(feed && { feed }), ...(network && { network }), ...(frame >= 0 && { frame }), ...(panes && { panes }), ...(methods && { methods }) };
}

/** Of a recording with the frame; of a feed there is none that would still be there. */
export function writeAddress({ recording, feed, network, frame, panes, methods }: Address): void {
  const values = new URLSearchParams();
  if (feed !== undefined) values.set('feed', feed);
  else if (recording !== undefined) values.set('recording', recording);
  if (network !== undefined) values.set('network', network);
  if (frame !== undefined) values.set('frame', String(frame));
  if (panes !== undefined) values.set('panes', panes);
  if (methods) values.set('methods', methods.join(' '));
  history.replaceState(null, '', `#${values}`);
}
