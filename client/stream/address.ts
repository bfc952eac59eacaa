/** What the page's address keeps, so that reloading or sending it shows the same thing. */
export interface Address {
  readonly recording?: string;
  readonly network?: string;
  readonly frame?: number;
  readonly panes?: string;
  /** One per pane, shown or not. */
  readonly methods?: readonly string[];
}

export function readAddress(): Address {
  const values = new URLSearchParams(location.hash.slice(1));
  const recording = values.get('recording');
  const network = values.get('network');
  const frame = Number.parseInt(values.get('frame') ?? '', 10);
  const panes = values.get('panes');
  const methods = values.get('methods')?.split(' ');
  return { ...(recording && { recording }), ...(network && { network }), ...(frame >= 0 && { frame }), ...(panes && { panes }), ...(methods && { methods }) };
}

export function writeAddress({ recording, network, frame, panes, methods }: Required<Address>): void {
  const values = new URLSearchParams({ recording, network, frame: String(frame), panes, methods: methods.join(' ') });
  history.replaceState(null, '', `#${values}`);
}
