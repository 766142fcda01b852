// etcd behind TLS with certificates on both sides, made for the test.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificates, opensslWorks } from '../../../../../test/support/certificates.ts';
import { startEtcd } from '../../../../../test/support/etcd.ts';
import { CoordinatorRefused } from '../../ports/coordinator.ts';
import { systemClock } from '../system/clock.ts';
import { systemIdentity } from '../system/identity.ts';
import { etcdCoordinator } from './coordinator.ts';

const options = {
  timeout: 60_000,
  ...(opensslWorks ? {} : { skip: 'openssl, which makes the certificates, is not installed' }),
};

test(
  'speaks TLS, shows its own certificate, and trusts no member that its authority has not signed',
  options,
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'tidewheel-tls-'));
    const files = makeCertificates(home);
    const etcd = await startEtcd({ tls: files });
    const shared = {
      endpoints: etcd.endpoints,
      credentials: null,
      prefix: 'test/',
      clock: systemClock,
      identity: systemIdentity,
    };
    const [ca, cert, key] = [files.caFile, files.certFile, files.keyFile].map((file) => readFileSync(file, 'utf8'));
    assert.ok(ca !== undefined && cert !== undefined && key !== undefined);
    const known = etcdCoordinator({ ...shared, tls: { ca, cert, key } });
    const withoutCertificate = etcdCoordinator({ ...shared, tls: { ca } });
    const withoutAuthority = etcdCoordinator({ ...shared, tls: { cert, key } });
    try {
      // The member listens before it has elected itself.
      for (let tried = 0; tried < 20; tried += 1)
        if (
          await known.holder('l').then(
            () => true,
            () => false,
          )
        )
          break;
      await known.verify();
      const grant = await known.acquire('l', 'a', 3000);
      assert.ok(grant);
      assert.equal(await known.renew(grant), true);
      for (const one of [withoutCertificate, withoutAuthority]) {
        await assert.rejects(one.holder('l'), (error: unknown) => error instanceof CoordinatorRefused);
        await assert.rejects(one.verify(), (error: unknown) => error instanceof CoordinatorRefused);
      }
    } finally {
      for (const one of [known, withoutCertificate, withoutAuthority]) await one.close();
      await etcd.stop();
      rmSync(home, { recursive: true });
    }
  },
);
