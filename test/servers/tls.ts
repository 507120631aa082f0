import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of a server's certificate. */
export interface ServerCertificate {
  readonly keyFile: string;
  readonly certFile: string;
}

/** A private authority and what it has signed. */
export interface Certificates {
  /** PEM file of the authority. */
  readonly caFile: string;
  /** For `localhost` and `127.0.0.1`. */
  readonly server: ServerCertificate;
  /** For `other.example` only. */
  readonly otherHost: ServerCertificate;
}

/** Makes a private certificate authority and server certificates with `openssl`, in `directory`. */
export function makeCertificates(directory: string): Certificates {
  const caFile = join(directory, 'ca.pem');
  const caKey = join(directory, 'ca.key');
  openssl([
    ...newKey('req', caKey),
    ...['-x509', '-subj', '/CN=git-mirror test authority', '-days', '2', '-out', caFile],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  ]);
  const issue = (name: string, subjectAltName: string): ServerCertificate => {
    const [keyFile, certFile, request, extensions] = ['key', 'pem', 'csr', 'ext'].map((ending) =>
      join(directory, `${name}.${ending}`),
    ) as [string, string, string, string];
    writeFileSync(extensions, `subjectAltName=${subjectAltName}\nbasicConstraints=CA:FALSE\n`);
    openssl([...newKey('req', keyFile), '-subj', `/CN=${name}`, '-out', request]);
    openssl([
      ...['x509', '-req', '-in', request, '-CA', caFile, '-CAkey', caKey, '-CAcreateserial'],
      ...['-days', '2', '-extfile', extensions, '-out', certFile],
    ]);
    return { keyFile, certFile };
  };
  return {
    caFile,
    server: issue('localhost', 'DNS:localhost,IP:127.0.0.1'),
    otherHost: issue('other', 'DNS:other.example'),
  };
}

function newKey(command: string, file: string): string[] {
  return [command, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}

function openssl(args: readonly string[]): void {
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error('openssl is missing: install it (apt-get install openssl)', { cause: error });
    }
    throw error;
  }
}
