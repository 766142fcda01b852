// The browser for tests of the console: what the machine has, or Debian's package.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findOrInstall } from './apt.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const elsewhere = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** What `chromium.launch` of playwright-core wants. */
export interface BrowserLaunch {
  readonly executablePath: string;
  readonly args: string[];
  readonly headless: true;
}

export function browserLaunch(): BrowserLaunch {
  // Chromium refuses to sandbox root, and /dev/shm is small in containers.
  const root = process.getuid?.() === 0;
  const args = ['--disable-dev-shm-usage', '--disable-gpu', ...(root ? ['--no-sandbox'] : [])];
  return { executablePath: ensureChromium(), args, headless: true };
}

/** The path of a Chromium; installs one as root on Debian, else throws an error that says what to do. */
export function ensureChromium(): string {
  return findOrInstall('Chromium', ['chromium', 'fonts-liberation', 'fonts-noto-cjk'], () => findChromium());
}

export function findChromium(path: string = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/bin', '/snap/bin'];
  return [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...elsewhere].find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
