import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApache, type Apache } from './servers/apache.ts';
import { startFaultyServer } from './servers/faulty.ts';
import { connectTo, failureOf } from './servers/http-client.ts';
import { startHttpBackend, type HttpBackend } from './servers/http-backend.ts';
import { makeCertificates, type Certificates } from './servers/tls.ts';

const run = promisify(execFile);

let root: string;
let certificates: Certificates;
let apache: Apache;
let backend: HttpBackend;
let wrongHost: HttpBackend;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-tls-'));
  certificates = makeCertificates(root);
  await run('git', ['init', '-q', '--bare', join(root, 'x.git')]);
  apache = await startApache({ root, tls: certificates.server });
  backend = await startHttpBackend({ root, tls: certificates.server });
  wrongHost = await startHttpBackend({ root, tls: certificates.otherHost });
});

afterAll(async () => {
  await Promise.allSettled([apache.close(), backend.close(), wrongHost.close()]);
  await rm(root, { recursive: true, force: true });
});

describe('a private authority', () => {
  it('is unknown by default, and the message says what to set', async () => {
    for (const url of [`${apache.url}/git/x.git`, `${backend.url}/x.git`]) {
      const error = await failureOf(connectTo(url));
      expect(error.code).toBe('GM_TLS');
      expect(error.retryable).toBe(false);
      expect(error.message).toContain(
        `the certificate of ${new URL(url).host} is not signed by a trusted authority (unable to verify the first certificate); set GIT_SSL_CAINFO or NODE_EXTRA_CA_CERTS`,
      );
    }
  });

  it.each([
    ['options.caFile', () => ({ caFile: certificates.caFile })],
    ['GIT_SSL_CAINFO', () => ({ env: { GIT_SSL_CAINFO: certificates.caFile } })],
    ['SSL_CERT_FILE', () => ({ env: { SSL_CERT_FILE: certificates.caFile } })],
    ['GIT_SSL_NO_VERIFY', () => ({ env: { GIT_SSL_NO_VERIFY: '1' } })],
    ['skipTlsVerify', () => ({ auth: { skipTlsVerify: true } })],
  ])('is accepted with %s', async (_name, extra) => {
    for (const url of [`${apache.url}/git/x.git`, `${backend.url.replace('127.0.0.1', 'localhost')}/x.git`]) {
      const connection = await connectTo(url, extra());
      await connection.close();
    }
  });

  it('does not make up for a certificate of another host', async () => {
    const error = await failureOf(connectTo(`${wrongHost.url}/x.git`, { caFile: certificates.caFile }));
    expect(error.code).toBe('GM_TLS');
    expect(error.message).toContain(`the certificate is not for 127.0.0.1:${wrongHost.port}`);
    const connection = await connectTo(`${wrongHost.url}/x.git`, { auth: { skipTlsVerify: true } });
    await connection.close();
  });

  it('in a file that is missing or no certificate is refused with the name of the setting', async () => {
    const broken = join(root, 'broken.pem');
    await writeFile(broken, 'nothing here');
    const truncated = join(root, 'truncated.pem');
    await writeFile(truncated, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    for (const file of [join(root, 'missing.pem'), broken, truncated]) {
      const error = await failureOf(connectTo(`${backend.url}/x.git`, { env: { GIT_SSL_CAINFO: file } }));
      expect(error.code).toBe('GM_TLS');
      expect(error.message).toContain(file);
      expect(error.message).toContain('GIT_SSL_CAINFO');
    }
  });

  it('does not matter for http', async () => {
    const plain = await startHttpBackend({ root });
    const connection = await connectTo(`${plain.url}/x.git`, { caFile: '/nowhere' });
    await connection.close();
    await plain.close();
  });
});

describe('what is no TLS', () => {
  it('is a TLS error', async () => {
    const plain = await startFaultyServer((exchange) => {
      exchange.answer(400);
    });
    // A TLS greeting is no request; a server that answers it in clear text does this.
    const talking = await startHttpBackend({ root });
    const error = await failureOf(connectTo(`https://127.0.0.1:${talking.port}/x.git`));
    await talking.close();
    await plain.close();
    expect(error.code).toBe('GM_TLS');
    expect(error.message).toContain(`TLS with 127.0.0.1:${talking.port} failed`);
  });
});
