/** What the page's address keeps, so that reloading or sending it shows the same thing. */
export interface Address {
  readonly recording?: string;
  readonly network?: string;
  readonly frame?: number;
}

export function readAddress(): Address {
  const values = new URLSearchParams(location.hash.slice(1));
  const recording = values.get('recording');
  const network = values.get('network');
  const frame = Number.parseInt(values.get('frame') ?? '', 10);
  return { ...(recording && { recording }), ...(network && { network }), ...(frame >= 0 && { frame }) };
}

export function writeAddress({ recording, network, frame }: Required<Address>): void {
  const values = new URLSearchParams({ recording, network, frame: String(frame) });
  history.replaceState(null, '', `#${values}`);
}
