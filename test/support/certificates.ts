// Certificates for tests, made by openssl where it is installed: an authority, what it has signed for loopback, and another authority.

import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const opensslWorks = spawnSync('openssl', ['version']).status === 0;

export interface Certificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** An authority that has signed nothing. */
  readonly otherCaFile: string;
}

export function makeCertificates(home: string): Certificates {
  const run = (args: string): void => {
    execFileSync('openssl', args.split(' '), { cwd: home, stdio: 'ignore' });
  };
  const curve = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  writeFileSync(join(home, 'extensions'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
  run(`req -x509 ${curve} -days 2 -subj /CN=test-ca -keyout ca.key -out ca.crt`);
  run(`req -x509 ${curve} -days 2 -subj /CN=other-ca -keyout other.key -out other.crt`);
  run(`req ${curve} -subj /CN=member -keyout member.key -out member.csr`);
  run('x509 -req -in member.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out member.crt');
  const file = (name: string): string => join(home, name);
  return {
    caFile: file('ca.crt'),
    certFile: file('member.crt'),
    keyFile: file('member.key'),
    otherCaFile: file('other.crt'),
  };
}
