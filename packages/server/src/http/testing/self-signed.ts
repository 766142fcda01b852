// A self-signed certificate for tests of TLS, encoded by hand so that no program and no stored key is needed. Test code only.

import { generateKeyPairSync, sign } from 'node:crypto';

function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const text = (tag: number, value: string) => der(tag, Buffer.from(value, 'latin1'));
const ed25519 = sequence(der(0x06, Buffer.from([0x2b, 0x65, 0x70])));
const commonName = sequence(der(0x31, sequence(der(0x06, Buffer.from([0x55, 0x04, 0x03])), text(0x0c, 'localhost'))));
const validity = sequence(text(0x18, '20200101000000Z'), text(0x18, '29991231235959Z'));
/** subjectAltName: 127.0.0.1. */
const extensions = der(
  0xa3,
  sequence(
    sequence(der(0x06, Buffer.from([0x55, 0x1d, 0x11])), der(0x04, sequence(der(0x87, Buffer.from([127, 0, 0, 1]))))),
  ),
);

export function selfSigned(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.from([1]));
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const body = sequence(version, serial, ed25519, commonName, validity, commonName, spki, extensions);
  const signature = der(0x03, Buffer.from([0]), sign(null, body, privateKey));
  const base64 = sequence(body, ed25519, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}
