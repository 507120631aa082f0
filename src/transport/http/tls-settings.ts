import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { GitMirrorError, messageOf } from '../../core/error.ts';

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** How certificates are checked. */
export interface TlsSettings {
  /** Whether an untrusted certificate ends the connection. */
  readonly rejectUnauthorized: boolean;
  /** Trust store with the additional authorities; undefined when Node's default one is right. */
  readonly secureContext: SecureContext | undefined;
}

/** Where the settings come from. */
export interface TlsInputs {
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly caFile?: string | undefined;
  readonly skipTlsVerify?: boolean | undefined;
}

/**
 * TLS settings of the caller and of the environment: `GIT_SSL_CAINFO` and `SSL_CERT_FILE` name PEM files that are
 * trusted besides Node's own authorities and `NODE_EXTRA_CA_CERTS`; `GIT_SSL_NO_VERIFY` turns verification off, as in
 * git(1) by being there at all. Throws `GM_TLS` when a file cannot be read or holds no certificate.
 */
export function readTlsSettings({ env, caFile, skipTlsVerify }: TlsInputs): TlsSettings {
  const files: (readonly [file: string, origin: string])[] = [];
  if (caFile !== undefined) files.push([caFile, 'the CA file option']);
  for (const variable of ['GIT_SSL_CAINFO', 'SSL_CERT_FILE']) {
    const file = env[variable] ?? '';
    if (file !== '') files.push([file, variable]);
  }
  return {
    rejectUnauthorized: skipTlsVerify !== true && env['GIT_SSL_NO_VERIFY'] === undefined,
    secureContext: files.length === 0 ? undefined : trustStore(files),
  };
}

function trustStore(files: readonly (readonly [file: string, origin: string])[]): SecureContext {
  const authorities = files.flatMap(([file, origin]) => readAuthorities(file, origin));
  return createSecureContext({ ca: [...getCACertificates('default'), ...authorities] });
}

/** The certificates in a PEM file, each checked: OpenSSL would pass over a damaged one in silence. */
function readAuthorities(file: string, origin: string): string[] {
  try {
    const blocks = readFileSync(file, 'latin1').match(certificateBlock) ?? [];
    if (blocks.length === 0) throw new Error('it holds no certificate in PEM form');
    for (const block of blocks) new X509Certificate(block);
    return blocks;
  } catch (error) {
    throw new GitMirrorError(
      'GM_TLS',
      `The certificate authorities in ${file} (${origin}) cannot be used: ${messageOf(error)}`,
      { cause: error, details: { file } },
    );
  }
}
