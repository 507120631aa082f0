import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isGitMirrorError } from '../../src/core/error.ts';
import type { ObjectId } from '../../src/core/object-id.ts';
import { openGitProgram } from '../../src/mirror/git-program.ts';
import { listRemote } from '../../src/mirror/list-remote.ts';
import { mirrorLimits } from '../../src/mirror/mirror-candidate.ts';
import { encodeStatement, parseStatement } from '../../src/mirror/state/ref-statement.ts';
import { signRefs } from '../../src/mirror/state/sign-refs.ts';
import { signText } from '../../src/mirror/state/sign-text.ts';
import { verifyMirror, type MirrorVerification } from '../../src/mirror/state/verify-mirror.ts';
import { refDigest } from '../../src/wire/mirrors/ref-digest.ts';

const run = promisify(execFile);
const never = new AbortController().signal;
const canonical = 'https://example.com/app.git';
const day = 86_400;

interface Key {
  readonly file: string;
  readonly signer: string;
}

let root: string;
let alice: Key;
let bob: Key;
let mallory: Key;

/** One repository on disk: origin, mirror or somebody's clone. */
class Site {
  readonly path: string;

  constructor(name: string) {
    this.path = join(root, name);
  }

  async git(...args: string[]): Promise<string> {
    return (await run('git', ['-C', this.path, ...args])).stdout.trim();
  }

  /** Moves main by one commit. */
  async commit(text: string): Promise<void> {
    const parent = await this.git('rev-parse', '--verify', '--quiet', 'refs/heads/main').catch(() => '');
    const empty = await this.git('hash-object', '-t', 'tree', '-w', '/dev/null');
    const parents = parent === '' ? [] : ['-p', parent];
    await this.git('update-ref', 'refs/heads/main', await this.git('commit-tree', empty, ...parents, '-m', text));
  }

  async sign(
    key: Key,
    options: { signers?: readonly Key[]; expiresInSeconds?: number; now?: Date } = {},
  ): Promise<void> {
    const git = openGitProgram(process.env, this.path);
    await this.git('config', 'gpg.format', 'ssh');
    await signRefs({
      git,
      repository: canonical,
      expiresInSeconds: options.expiresInSeconds ?? 7 * day,
      signers: options.signers?.map(({ signer }) => signer),
      key: key.file,
      now: options.now ?? new Date(),
      signal: never,
    });
  }

  /** Signs what the refs are with whatever key, as somebody with a program of his own would. */
  async forge(key: Key, signers?: readonly Key[]): Promise<void> {
    const last = await this.git('rev-parse', 'refs/pushes/current');
    const before = parseStatement(`${await this.git('cat-file', 'tag', last)}\n`, 'sha1');
    const git = openGitProgram(process.env, this.path);
    const { refs, headTarget } = await listRemote(git, '.');
    const text = encodeStatement(
      {
        ...before,
        sequence: before.sequence + 1,
        digest: refDigest(refs, headTarget),
        previous: last as ObjectId,
        signers: signers?.map(({ signer }) => signer) ?? before.signers,
      },
      'Mallory <mallory@example.com>',
      'sha1',
    );
    const signature = await signText(text, { format: 'ssh', key: key.file, program: 'ssh-keygen' }, process.env);
    const oid = await git.text(['hash-object', '-t', 'tag', '-w', '--stdin'], { input: text + signature });
    await this.git('update-ref', 'refs/pushes/current', oid);
  }

  /** Becomes just what `other` is. */
  async copy(other: Site): Promise<void> {
    await this.git('fetch', '--quiet', '--prune', other.path, '+refs/*:refs/*');
  }
}

async function newKey(name: string): Promise<Key> {
  const file = join(root, name);
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  const [type = '', key = ''] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
  return { file, signer: `ssh ${name}@example.com ${type} ${key}` };
}

async function newSite(name: string, format = 'sha1'): Promise<Site> {
  const site = new Site(name);
  await run('git', ['init', '--quiet', '--bare', `--object-format=${format}`, '-b', 'main', site.path]);
  return site;
}

async function verify(
  mirror: Site,
  origin: Site | undefined,
  options: { signers?: readonly Key[]; now?: Date; memory?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<MirrorVerification> {
  return verifyMirror({
    git: openGitProgram(options.env ?? process.env, root),
    mirror: { url: mirror.path, scheme: 'file', space: 'local', isUsers: true },
    origin: origin?.path,
    signers: options.signers?.map(({ signer }) => signer),
    limits: mirrorLimits,
    reporter: { note: () => undefined, detail: () => undefined },
    storeDirectory: join(root, options.memory ?? 'memory'),
    now: options.now ?? new Date(),
    signal: never,
  });
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'git-mirror-test-'));
  [alice, bob, mallory] = [await newKey('alice'), await newKey('bob'), await newKey('mallory')];
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function signedPair(format = 'sha1'): Promise<readonly [origin: Site, mirror: Site]> {
  const [origin, mirror] = [await newSite('origin.git', format), await newSite('mirror.git', format)];
  await origin.commit('one');
  await origin.sign(alice, { signers: [alice, bob] });
  await mirror.copy(origin);
  return [origin, mirror];
}

describe('M13: a signed ref state', () => {
  it.each(['sha1', 'sha256'])('is a tag object that stock git verifies (%s)', async (format) => {
    const [origin] = await signedPair(format);
    await origin.commit('two');
    await origin.sign(bob);
    const allowed = join(root, 'allowed');
    await writeFile(allowed, [alice, bob].map(({ signer }) => `${signer.slice(4)}\n`).join(''));
    const tag = await origin.git('rev-parse', 'refs/pushes/current');
    const { stderr } = await run('git', [
      '-C',
      origin.path,
      '-c',
      `gpg.ssh.allowedSignersFile=${allowed}`,
      'verify-tag',
      tag,
    ]);
    expect(stderr).toContain('Good "git" signature for bob@example.com');
    expect(await origin.git('cat-file', '-p', tag)).toMatch(/^object [0-9a-f]+\ntype tag\ntag push-2\n/);
    await origin.git('fsck', '--strict');
  });

  it('is signed with an OpenPGP key where git is set up for one', async () => {
    const home = join(root, 'gnupg');
    await mkdir(home, { mode: 0o700 });
    const env = { ...process.env, GNUPGHOME: home };
    const gpg = (...args: string[]): Promise<{ stdout: string }> =>
      run('gpg', ['--batch', '--quiet', ...args], { env });
    try {
      await gpg('--passphrase', '', '--quick-generate-key', 'carol@example.com', 'ed25519', 'sign', 'never');
      const { stdout } = await gpg('--with-colons', '--list-keys');
      const fingerprint = /^fpr:+([0-9A-F]{40}):$/m.exec(stdout)?.[1] ?? '';
      const [origin, mirror] = [await newSite('origin.git'), await newSite('mirror.git')];
      await origin.commit('one');
      const git = openGitProgram(env, origin.path);
      const options = { git, repository: canonical, expiresInSeconds: day, now: new Date(), signal: never };
      await signRefs({ ...options, key: 'carol@example.com', signers: [`openpgp ${fingerprint}`] });
      await mirror.copy(origin);
      expect(await verify(mirror, origin, { env })).toMatchObject({
        verdict: 'fresh',
        newest: { statement: { sequence: 1 } },
      });
      await origin.commit('two');
      await signRefs({ ...options, key: 'carol@example.com', signers: [`openpgp ${'0'.repeat(40)}`] });
      await expect(signRefs({ ...options, key: 'carol@example.com' })).rejects.toThrow(/not among the signers/);
      await mirror.copy(origin);
      expect(await verify(mirror, origin, { env })).toMatchObject({
        verdict: 'fresh',
        state: { statement: { sequence: 2 } },
      });
    } finally {
      await run('gpgconf', ['--kill', 'all'], { env });
    }
  });

  it('is fresh, then stale when the origin has moved on, and fresh again after a sync', async () => {
    const [origin, mirror] = await signedPair();
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'fresh' });
    await origin.commit('two');
    await origin.sign(alice);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'stale', state: { statement: { sequence: 1 } } });
    await mirror.copy(origin);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'fresh', state: { statement: { sequence: 2 } } });
  });

  it('is stale when the origin has moved and nobody has signed that yet', async () => {
    const [origin, mirror] = await signedPair();
    await origin.commit('two');
    const result = await verify(mirror, origin);
    expect(result).toMatchObject({ verdict: 'stale' });
    expect(result.reason).toContain('the origin has moved on');
  });

  it('tells stale from fresh without the origin, by what was seen before', async () => {
    const [origin, mirror] = await signedPair();
    const other = await newSite('other.git');
    await other.copy(origin);
    await verify(mirror, origin);
    await origin.commit('two');
    await origin.sign(bob);
    await mirror.copy(origin);
    // The mirror's newer statement is believed: it follows the one of the origin.
    expect(await verify(mirror, undefined)).toMatchObject({ verdict: 'fresh', state: { statement: { sequence: 2 } } });
    // Under the same name: it has shown more before.
    expect(await verify(other, undefined)).toMatchObject({ verdict: 'rolled-back' });
  });

  it('has expired when nobody signs it anew', async () => {
    const [origin, mirror] = await signedPair();
    await verify(mirror, origin);
    const later = new Date(Date.now() + 8 * day * 1000);
    expect(await verify(mirror, undefined, { now: later })).toMatchObject({
      verdict: 'stale',
      reason: expect.stringContaining('expired') as string,
    });
  });

  it('is rolled back when a mirror shows less than it has shown', async () => {
    const [origin, mirror] = await signedPair();
    const old = await newSite('old.git');
    await old.copy(origin);
    await origin.commit('two');
    await origin.sign(alice);
    await mirror.copy(origin);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'fresh' });
    await mirror.copy(old);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'rolled-back' });
    expect(await verify(mirror, undefined)).toMatchObject({ verdict: 'rolled-back' });
  });

  it('is rolled back when a mirror keeps the new statement and goes back with its refs', async () => {
    const [origin, mirror] = await signedPair();
    const before = await origin.git('rev-parse', 'main');
    await origin.commit('two');
    await origin.sign(alice);
    await mirror.copy(origin);
    await verify(mirror, origin);
    await mirror.git('update-ref', 'refs/heads/main', before);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'rolled-back' });
  });

  it('is forged when the refs are none that were signed', async () => {
    const [origin, mirror] = await signedPair();
    await mirror.commit('evil');
    const result = await verify(mirror, origin);
    expect(result).toMatchObject({ verdict: 'forged', reason: 'its refs are not any state that was signed' });
  });

  it('is forged when somebody else has signed', async () => {
    const [origin, mirror] = await signedPair();
    await verify(mirror, origin);
    await mirror.commit('evil');
    await mirror.forge(mallory);
    const result = await verify(mirror, origin);
    expect(result.verdict).toBe('forged');
    expect(result.reason).toContain('not among the signers');
    // Nothing of it is remembered.
    await mirror.copy(origin);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'fresh' });
  });

  it('is forged when a statement was changed after it had been signed', async () => {
    const [origin, mirror] = await signedPair();
    await origin.commit('two');
    await origin.sign(alice);
    const tag = await origin.git('cat-file', 'tag', 'refs/pushes/current');
    await verify(mirror, origin);
    await mirror.copy(origin);
    const changed = join(root, 'changed');
    await writeFile(changed, `${tag.replace(/^expires \d+$/m, 'expires 99999999999')}\n`);
    const oid = await mirror.git('hash-object', '-t', 'tag', '-w', changed);
    await mirror.git('update-ref', 'refs/pushes/current', oid);
    await origin.commit('three');
    expect(await verify(mirror, undefined, { memory: 'other' })).toMatchObject({ verdict: 'forged' });
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'forged' });
  });

  it('does not believe a list of signers that has been replaced (roll-back of the policy)', async () => {
    const [origin, mirror] = await signedPair();
    const fork = await newSite('fork.git');
    await fork.copy(origin);
    // Bob's key is lost: from the second statement on only Alice may sign.
    await origin.commit('two');
    await origin.sign(alice, { signers: [alice] });
    await mirror.copy(origin);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'fresh' });
    // Whoever has the key signs on top of the old list, with as many statements as it takes to be newer.
    for (const text of ['evil', 'more evil']) {
      await fork.commit(text);
      await fork.sign(bob);
    }
    await mirror.copy(fork);
    expect(await verify(mirror, origin)).toMatchObject({
      verdict: 'forged',
      reason: expect.stringContaining('does not follow the statements') as string,
    });
    // And on top of the new one.
    await mirror.copy(origin);
    await mirror.commit('evil');
    await mirror.forge(bob);
    expect(await verify(mirror, undefined)).toMatchObject({ verdict: 'forged' });
  });

  it('lets those sign whom the statement before has named, and nobody before that', async () => {
    const [origin, mirror] = await signedPair();
    await verify(mirror, origin);
    await origin.commit('two');
    await expect(origin.sign(mallory, { signers: [mallory] })).rejects.toThrow(/not among the signers/);
    await origin.forge(mallory, [mallory]);
    await mirror.copy(origin);
    expect(await verify(mirror, origin)).toMatchObject({
      originFault: expect.stringContaining('state 2: the key that signed it is not among the signers') as string,
    });
  });

  it('says when the origin itself has gone back', async () => {
    const [origin, mirror] = await signedPair();
    const old = await newSite('old.git');
    await old.copy(origin);
    await origin.commit('two');
    await origin.sign(alice);
    await verify(mirror, origin);
    await origin.copy(old);
    expect(await verify(mirror, origin)).toMatchObject({ originFault: expect.stringContaining('older') as string });
  });

  it('believes no first statement of a mirror, unless it was told whose it must be', async () => {
    const [, mirror] = await signedPair();
    expect(await verify(mirror, undefined)).toMatchObject({ verdict: 'forged' });
    expect(await verify(mirror, undefined, { signers: [mallory] })).toMatchObject({ verdict: 'forged' });
    expect(await verify(mirror, undefined, { signers: [alice] })).toMatchObject({ verdict: 'fresh' });
  });

  it('has nothing to say of a mirror that shows no statement, but that it is as the origin is', async () => {
    const [origin, mirror] = [await newSite('origin.git'), await newSite('mirror.git')];
    await origin.commit('one');
    await mirror.copy(origin);
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'fresh' });
    await origin.commit('two');
    expect(await verify(mirror, origin)).toMatchObject({ verdict: 'unsigned' });
    expect(await verify(mirror, undefined)).toMatchObject({ verdict: 'unsigned' });
  });

  it('is not signed without a key, without signers, or over a statement that is none', async () => {
    const origin = await newSite('origin.git');
    await origin.commit('one');
    const sign = (options: object): Promise<unknown> =>
      signRefs({
        git: openGitProgram(process.env, origin.path),
        repository: canonical,
        expiresInSeconds: day,
        now: new Date(),
        signal: never,
        ...options,
      });
    const isUsage: unknown = expect.toSatisfy((error) => isGitMirrorError(error, 'GM_USAGE'));
    await expect(sign({})).rejects.toEqual(isUsage);
    await expect(sign({ signers: [alice.signer] })).rejects.toEqual(isUsage);
    await expect(sign({ signers: ['ssh alice'], key: alice.file })).rejects.toEqual(isUsage);
    await expect(sign({ signers: [alice.signer], repository: 'a\nb' })).rejects.toEqual(isUsage);
    await origin.git('config', 'gpg.format', 'ssh');
    await expect(sign({ signers: [alice.signer], key: join(root, 'no-such-key') })).rejects.toThrow(/Signing with/);
    await origin.git('update-ref', 'refs/pushes/current', await origin.git('rev-parse', 'main'));
    await expect(sign({ signers: [alice.signer], key: alice.file })).rejects.toThrow();
  });
});
