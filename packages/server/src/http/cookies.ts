// The console's session cookie. HttpOnly keeps it from scripts, SameSite=Strict from other sites, Secure from clear text.

export const sessionCookie = 'tidewheel_session';

export function readCookie(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return null;
}

/** `maxAgeSeconds` 0 removes it. The value is URL-safe text. */
export function sessionCookieHeader(value: string, maxAgeSeconds: number, secure: boolean): string {
  const attributes = [
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    `Max-Age=${maxAgeSeconds}`,
    ...(secure ? ['Secure'] : []),
  ];
  return `${sessionCookie}=${value}; ${attributes.join('; ')}`;
}
