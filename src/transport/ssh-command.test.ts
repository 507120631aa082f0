import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shellQuote, sshOptions, sshProgram } from './ssh-command.ts';

describe('sshProgram', () => {
  it.each([
    [{}, { command: 'ssh', isShellCommand: false, variant: 'ssh' }],
    [{ GIT_SSH: '/opt/bin/ssh' }, { command: '/opt/bin/ssh', isShellCommand: false, variant: 'ssh' }],
    [{ GIT_SSH: 'C:\\putty\\PLINK.EXE' }, { command: 'C:\\putty\\PLINK.EXE', isShellCommand: false, variant: 'plink' }],
    [{ GIT_SSH: 'my-ssh' }, { command: 'my-ssh', isShellCommand: false, variant: undefined }],
    [
      { GIT_SSH: 'x', GIT_SSH_COMMAND: 'ssh -i k' },
      { command: 'ssh -i k', isShellCommand: true, variant: 'ssh' },
    ],
    [{ GIT_SSH_COMMAND: '"/a b/ssh" -v' }, { command: '"/a b/ssh" -v', isShellCommand: true, variant: 'ssh' }],
    [{ GIT_SSH_COMMAND: "'/a b/tortoiseplink' -v" }, { variant: 'tortoiseplink' }],
    [{ GIT_SSH_COMMAND: 'FOO=1 ssh' }, { variant: undefined }],
    [{ GIT_SSH: 'my-ssh', GIT_SSH_VARIANT: 'simple' }, { variant: 'simple' }],
    [{ GIT_SSH: 'my-ssh', GIT_SSH_VARIANT: 'openssh' }, { variant: 'ssh' }],
    [{ GIT_SSH: 'plink', GIT_SSH_VARIANT: 'auto' }, { variant: 'plink' }],
  ])('reads %j', (env, expected) => {
    expect(sshProgram(env)).toMatchObject(expected);
  });
});

describe('sshOptions', () => {
  const endpoint = { transport: 'ssh', host: 'host', path: '/x', port: 2222 } as const;
  const request = { endpoint, protocol: 'version=2', connectTimeoutMs: undefined };

  it('asks OpenSSH for the port and the protocol, and to ask nobody', () => {
    expect(sshOptions('ssh', request)).toEqual(['-o', 'BatchMode=yes', '-o', 'SendEnv=GIT_PROTOCOL', '-p', '2222']);
    expect(sshOptions('ssh', { ...request, protocol: undefined, connectTimeoutMs: 1500 })).toEqual([
      '-o',
      'BatchMode=yes',
      '-o',
      'ConnectTimeout=2',
      '-p',
      '2222',
    ]);
  });

  it('uses the options of the other programs', () => {
    expect(sshOptions('plink', request)).toEqual(['-P', '2222']);
    expect(sshOptions('putty', request)).toEqual(['-P', '2222']);
    expect(sshOptions('tortoiseplink', request)).toEqual(['-batch', '-P', '2222']);
    expect(() => sshOptions('simple', request)).toThrow(/GIT_SSH_VARIANT/);
  });
});

describe('shellQuote', () => {
  it('makes one word of any text', () => {
    const text = fc.string({ unit: 'binary-ascii' }).map((value) => value.replaceAll('\0', ''));
    fc.assert(
      fc.property(text, (value) => {
        expect(execFileSync('sh', ['-c', `printf %s ${shellQuote(value)}`], { encoding: 'utf8' })).toBe(value);
      }),
      { numRuns: 60 },
    );
  });
});
