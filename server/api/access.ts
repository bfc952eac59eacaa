import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { hostname as machineName } from 'node:os';
import { RoadgazeError, type ErrorReport } from '../../shared/errors.ts';

export interface AccessRules {
  /** Host name or address that the server listens on. */
  readonly host: string;
  /** What a visitor must know; null on loopback, where no token is needed. */
  readonly token: string | null;
}

export interface Refusal {
  readonly status: 401 | 403;
  readonly report: ErrorReport;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;
const EVERY_INTERFACE = new Set(['0.0.0.0', '::', '[::]']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Why a request may not be served, or null. `Host` must be a name that the server is known by, or a page of a stranger
 * could reach it by pointing its own name here; `Origin`, where there is one, must be the server's own.
 */
export function refusalOf(headers: IncomingHttpHeaders, rules: AccessRules): Refusal | null {
  const host = hostNameOf(headers.host);
  if (host === null || !isOwnName(host, rules.host)) {
    return refusal(403, 'The server is not known by the name it was asked for.', 'Open the address that the server printed.');
  }
  const { origin } = headers;
  if (origin !== undefined && originHost(origin) !== headers.host?.toLowerCase()) {
    return refusal(403, 'Another web page asked for this address.', 'Open the address that the server printed, in a tab of its own.');
  }
  if (rules.token !== null && !isToken(cookieOf(headers.cookie) ?? bearerOf(headers.authorization), rules.token)) {
    return refusal(401, 'This server asks for a token.', 'Open the whole address that the server printed, with its "?token=".');
  }
  return null;
}

/** Compares in constant time. */
export function isToken(candidate: string | null | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(candidate ?? ''), digest(token));
}

/** Cookies are shared by all ports of a host; a second Roadgaze with another token overwrites it, and its page asks again. */
export const TOKEN_COOKIE = 'roadgaze-token';

function isOwnName(host: string, bound: string): boolean {
  if (isLoopback(host) || host === bound.toLowerCase() || host === `[${bound.toLowerCase()}]`) return true;
  // A rebound name is never an address.
  return EVERY_INTERFACE.has(bound) && (isIP(host.replace(/^\[|\]$/g, '')) !== 0 || host === machineName().toLowerCase());
}

function hostNameOf(header: string | undefined): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.exec(header ?? '');
  return match?.[1]?.toLowerCase() ?? null;
}

function originHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function cookieOf(header: string | undefined): string | null {
  for (const pair of (header ?? '').split(';')) {
    const [name, value = ''] = pair.split('=', 2);
    if (name?.trim() === TOKEN_COOKIE && /^(%[0-9a-f]{2}|[^%])*$/i.test(value)) return decodeURIComponent(value.trim());
  }
  return null;
}

/** For programs that are no browser, such as Prometheus. */
function bearerOf(header: string | undefined): string | null {
  return /^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? null;
}

function refusal(status: Refusal['status'], message: string, hint: string): Refusal {
  return { status, report: new RoadgazeError('USAGE', message, hint).report() };
}
