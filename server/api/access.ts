import type { IncomingMessage } from 'node:http';
import { isIP, isIPv4 } from 'node:net';
import { hostname as machineName } from 'node:os';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';
import { isToken } from './token.ts';

export interface AccessRules {
  /** Host name or address that the server listens on. */
  readonly host: string;
  /** What a visitor must know; null on loopback, where no token is needed. */
  readonly token: string | null;
}

export interface Refusal {
  readonly status: 400 | 401 | 403;
  readonly report: ErrorReport;
  /** A wrong token came. */
  readonly isGuess: boolean;
}

const EVERY_INTERFACE = new Set(['0.0.0.0', '::', '[::]']);

export function isLoopback(host: string): boolean {
  return /^(localhost|\[?::1\]?)$/i.test(host) || (isIPv4(host) && host.startsWith('127.'));
}

/**
 * Why a request may not be served, or null. `Host` must be a name that the server is known by, or a
 * page of a stranger could reach it by pointing its own name here; `Origin`, where there is one,
 * must be the server's own. One right token is enough, whatever else comes: browsers send cookies
 * of their own accord.
 */
export function refusalOf(request: IncomingMessage, rules: AccessRules): Refusal | null {
  const { headers, rawHeaders, url = '' } = request;
  const hosts = rawHeaders.filter(
    (name, index) => index % 2 === 0 && name.toLowerCase() === 'host',
  ).length;
  if (hosts > 1 || !url.startsWith('/'))
    return refusal(
      400,
      'The request names more than one server.',
      'Ask the server itself, with one "Host".',
    );
  const host = hostNameOf(headers.host);
  if (host === null || !isOwnName(host, rules.host)) {
    return refusal(
      403,
      'The server is not known by the name it was asked for.',
      'Open the address that the server printed.',
    );
  }
  const { origin } = headers;
  if (origin !== undefined && originHost(origin) !== headers.host?.toLowerCase()) {
    return refusal(
      403,
      'Another web page asked for this address.',
      'Open the address that the server printed, in a tab of its own.',
    );
  }
  const { token } = rules;
  if (token === null) return null;
  const candidates = [
    cookieOf(headers.cookie, tokenCookie(request)),
    bearerOf(headers.authorization),
    queryTokenOf(url),
  ].filter((each) => each !== null);
  if (candidates.some((candidate) => isToken(candidate, token))) return null;
  return refusal(
    401,
    'This server asks for a token.',
    'Open the whole address that the server printed, with its "?token=".',
    candidates.length > 0,
  );
}

/** Whether more comes than the request's head. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

/**
 * Cookies are shared by all ports of a host, on each of which a Roadgaze with another token may
 * listen.
 */
export function tokenCookie({ socket }: IncomingMessage): string {
  return `roadgaze-token-${socket.localPort}`;
}

/** The `token` in the address of a request. */
export function queryTokenOf(url: string): string | null {
  const start = url.indexOf('?');
  return start === -1 ? null : new URLSearchParams(url.slice(start + 1)).get('token');
}

function isOwnName(host: string, bound: string): boolean {
  if (isLoopback(host) || host === bound.toLowerCase() || host === `[${bound.toLowerCase()}]`)
    return true;
  // A rebound name is never an address.
  return (
    EVERY_INTERFACE.has(bound) &&
    (isIP(host.replace(/^\[|\]$/g, '')) !== 0 || host === machineName().toLowerCase())
  );
}

function hostNameOf(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase() ?? null;
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function cookieOf(header: string | undefined, wanted: string): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [name, value = ''] = pair.split('=', 2);
    if (name?.trim() === wanted && /^(%[0-9a-f]{2}|[^%])*$/i.test(value))
      return decodeURIComponent(value.trim());
  }
  return null;
}

/** For programs that are no browser, such as Prometheus. */
function bearerOf(header: string | undefined): string | null {
  return /^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? null;
}

function refusal(
  status: Refusal['status'],
  message: string,
  hint: string,
  isGuess = false,
): Refusal {
  return { status, report: new RoadgazeError('USAGE', message, hint).report(), isGuess };
}
