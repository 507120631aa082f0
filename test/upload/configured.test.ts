import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/open-kernel.ts';
import { RepositoryCache } from '../../src/repository/open-repository.ts';
import { makeRepository } from '../repositories/make-repository.ts';
import { Repository } from '../repositories/repository.ts';
import { runGit } from '../repositories/run-git.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import { runOurs, type ServiceRun } from './both-services.ts';
import { compareServices, packets, v0Request, v2Request, type Comparison } from './compare.ts';
import { withRepository } from './open-repository.ts';
import { PackLister } from './pack-objects.ts';
import { readUploadOutput } from './read-output.ts';

describe('what the configuration says', () => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let packs: PackLister;
  const oids = new Map<string, string>();

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRepository(join(folder.path, 'source'), {
      commits: 12,
      branches: 3,
      tags: 4,
      mergeEvery: 4,
    });
    await repository.updateRef('refs/hidden/one', 'topic-2');
    await repository.git('update-ref', '-d', 'refs/heads/topic-2');
    await repository.git('update-ref', 'refs/namespaces/ns/refs/heads/inside', 'topic-1');
    await repository.git('update-ref', 'refs/namespaces/ns/refs/heads/other', 'main~2');
    await repository.git('symbolic-ref', 'refs/namespaces/ns/HEAD', 'refs/namespaces/ns/refs/heads/inside');
    await repository.git('symbolic-ref', 'refs/namespaces/unborn/HEAD', 'refs/namespaces/unborn/refs/heads/main');
    packs = await PackLister.create(join(folder.path, 'scratch'), repository.path, 'sha1');
    const looseEnd = ['commit-tree', '-m', 'loose end', 'main^{tree}'];
    oids.set('unreachable', await runGit(looseEnd, { cwd: repository.path, env: identity }));
    for (const name of ['main', 'main~1', 'main~3', 'main~5', 'topic-1', 'refs/hidden/one', 'v1', 'main^{tree}']) {
      oids.set(name, await repository.resolve(name));
    }
    const config = await repository.git('config', '--local', '--list');
    original = config.split('\n').map((line) => line.slice(0, line.indexOf('=')));
  });

  let original: readonly string[] = [];
  const identity = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  };

  beforeEach(async () => {
    for (const key of new Set((await repository.git('config', '--local', '--name-only', '--list')).split('\n'))) {
      if (!original.includes(key)) await repository.git('config', '--unset-all', key);
    }
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  const fill = (lines: readonly string[]): readonly string[] =>
    lines.map((line) => line.replace(/\[(.*?)\]/g, (_, name: string) => oids.get(name) ?? name));
  const configure = async (settings: readonly string[]): Promise<void> => {
    for (const setting of settings) {
      const [key = '', ...value] = setting.split('=');
      await repository.git('config', '--add', key, value.join('='));
    }
  };
  const compare = (run: ServiceRun): Promise<Comparison> => compareServices(repository.path, run, packs);
  const v2 = (command: string, ...args: readonly string[]): Promise<Comparison> =>
    compare(v2Request(command, fill(args)));
  const v0 = (...lines: readonly string[]): Promise<Comparison> => compare(v0Request(fill(lines)));

  it.each([
    [['uploadpack.allowFilter=true']],
    [['uploadpack.allowRefInWant=true', 'uploadpack.allowSidebandAll=true']],
    [['uploadpack.allowTipSHA1InWant=true']],
    [['uploadpack.allowReachableSHA1InWant=true']],
    [['uploadpack.allowAnySHA1InWant=true', 'uploadpack.allowFilter=yes']],
    [['transfer.advertiseSID=true']],
    [['transfer.advertiseObjectInfo=true']],
    [['lsrefs.unborn=allow']],
    [['lsrefs.unborn=ignore']],
    [[`uploadpack.blobPackfileUri=${'1'.repeat(40)} ${'2'.repeat(40)} https://example.com/x.pack`]],
    [['uploadpack.hideRefs=refs/heads', 'transfer.hideRefs=!refs/heads/main']],
    [['transfer.hideRefs=refs/tags', 'uploadpack.hideRefs=refs/hidden', 'uploadpack.hideRefs=HEAD']],
  ])('advertises as %j says', async (settings) => {
    await configure(settings);
    for (const gitProtocol of ['', 'version=2']) await compare({ mode: 'advertise', gitProtocol });
    await v2('ls-refs', 'peel', 'symrefs');
  });

  it.each(['ns', 'unborn', 'none'])('shows the namespace %s', async (namespace) => {
    for (const gitProtocol of ['', 'version=1', 'version=2']) {
      await compare({ mode: 'advertise', gitProtocol, namespace });
    }
    await compare({ ...v2Request('ls-refs', ['peel', 'symrefs', 'unborn']), namespace });
    await compare({ ...v2Request('ls-refs', ['symrefs', 'ref-prefix HEAD', 'ref-prefix refs/heads/']), namespace });
    await compare({ ...v0Request(fill(['want [topic-1] side-band-64k', '0000', 'done'])), namespace });
    await compare({ ...v0Request(fill(['want [v1] side-band-64k', '0000', 'done'])), namespace });
  });

  it('hides refs of one namespace by their full names', async () => {
    await configure(['transfer.hideRefs=^refs/namespaces/ns/refs/heads/other']);
    for (const gitProtocol of ['', 'version=2']) await compare({ mode: 'advertise', gitProtocol, namespace: 'ns' });
    await compare({ ...v2Request('ls-refs', ['symrefs']), namespace: 'ns' });
  });

  it.each([
    ['blob:none'],
    ['blob:limit=0'],
    ['blob:limit=1k'],
    ['tree:0'],
    ['tree:1'],
    ['tree:3'],
    ['object:type=commit'],
    ['object:type=tree'],
    ['object:type=blob'],
    ['object:type=tag'],
    ['combine:blob:none+tree:2'],
    ['sparse:oid=main:nothing'],
    ['sparse:path=x'],
    ['nonsense'],
    ['blob:limit=much'],
    ['combine:'],
    ['combine:blob:none+sp(ce'],
  ])('filters by %s', async (filter) => {
    await configure(['uploadpack.allowFilter=true']);
    await v2('fetch', 'want [main]', `filter ${filter}`, 'done', 'ofs-delta');
    await v2('fetch', 'want [main]', 'have [main~3]', `filter ${filter}`, 'done');
    await v0('want [main] side-band-64k filter', `filter ${filter}`, '0000', 'done');
  });

  it.each([
    [['uploadpackfilter.allow=false'], 'blob:none'],
    [['uploadpackfilter.allow=false', 'uploadpackfilter.blob:none.allow=true'], 'blob:none'],
    [['uploadpackfilter.blob:none.allow=false'], 'blob:none'],
    [['uploadpackfilter.blob:none.allow=false'], 'combine:tree:1+blob:none'],
    [['uploadpackfilter.combine.allow=false'], 'combine:tree:1+blob:none'],
    [['uploadpackfilter.tree.maxDepth=1'], 'tree:1'],
    [['uploadpackfilter.tree.maxDepth=1'], 'tree:2'],
    [['uploadpackfilter.tree.maxDepth=1', 'uploadpackfilter.allow=false'], 'tree:1'],
    [['uploadpackfilter.tree.maxDepth=1', 'uploadpackfilter.tree.allow=false'], 'tree:1'],
    [['uploadpackfilter.tree.allow=false', 'uploadpackfilter.tree.maxDepth=1'], 'tree:1'],
  ])('allows filters as %j says: %s', async (settings, filter) => {
    await configure(['uploadpack.allowFilter=true', ...settings]);
    await v2('fetch', 'want [main]', `filter ${filter}`, 'done');
    await v0('want [main] side-band-64k filter', `filter ${filter}`, '0000', 'done');
  });

  it('takes one filter only', async () => {
    await configure(['uploadpack.allowFilter=true']);
    await v2('fetch', 'want [main]', 'filter blob:none', 'filter tree:1', 'done');
  });

  it.each([
    [[]],
    [['uploadpack.allowTipSHA1InWant=true']],
    [['uploadpack.allowReachableSHA1InWant=true']],
    [['uploadpack.allowAnySHA1InWant=true']],
  ])('lets clients of v0 want what %j says', async (settings) => {
    await configure([...settings, 'transfer.hideRefs=refs/hidden']);
    for (const want of ['main~3', 'refs/hidden/one', 'unreachable', 'main^{tree}', 'topic-1']) {
      const lines = fill([`want [${want}] side-band-64k`, '0000', 'done']);
      await compare(v0Request(lines));
      await compare(v0Request(lines, 'converse'));
    }
  });

  it('answers wants by name', async () => {
    await configure(['uploadpack.allowRefInWant=true', 'transfer.hideRefs=refs/hidden']);
    await v2('fetch', 'want-ref refs/heads/main', 'done');
    await v2('fetch', 'want-ref refs/heads/main', 'want-ref refs/tags/v1', 'have [main~3]', 'done');
    await v2('fetch', 'want-ref refs/heads/main', 'have [main~3]');
    await v2('fetch', 'want-ref HEAD', 'deepen 1', 'done');
    for (const name of ['refs/hidden/one', 'refs/heads/none', 'main', ''])
      await v2('fetch', `want-ref ${name}`, 'done');
    const inside = ['want-ref refs/heads/inside', 'want-ref refs/heads/main', 'done'];
    await compare({ ...v2Request('fetch', inside), namespace: 'ns' });
  });

  it('puts everything into bands', async () => {
    await configure([
      'uploadpack.allowSidebandAll=true',
      'uploadpack.allowRefInWant=true',
      'uploadpack.allowFilter=true',
    ]);
    await v2('fetch', 'want [main]', 'sideband-all', 'done');
    await v2('fetch', 'want [main]', 'sideband-all', 'have [main~3]');
    await v2('fetch', 'sideband-all', 'want [main]', 'deepen 2', 'done');
    await v2('fetch', 'sideband-all', 'want-ref refs/heads/main', 'done');
    await v2('fetch', 'sideband-all', `want ${'ab'.repeat(20)}`, 'done');
    await v2('fetch', 'sideband-all', 'want-ref refs/none', 'done');
  });

  it('leaves blobs to packs that are elsewhere, unless they lie in a pack here', async () => {
    const blob = await runGit(['hash-object', '-w', '--stdin'], { cwd: repository.path, input: 'elsewhere\n' });
    const tree = await runGit(['mktree'], { cwd: repository.path, input: `100644 blob ${blob}\tbig\n` });
    const commit = await runGit(['commit-tree', '-m', 'big', tree], { cwd: repository.path, env: identity });
    oids.set('big', commit);
    await configure([
      'uploadpack.allowSidebandAll=true',
      `uploadpack.blobPackfileUri=${blob} ${'2'.repeat(40)} https://example.com/x.pack`,
    ]);
    const { output } = await v2('fetch', 'want [big]', 'sideband-all', 'packfile-uris https,http', 'done');
    expect(output.lines).toContain(`<1>${'2'.repeat(40)} https://example.com/x.pack\n`);
    await v2('fetch', 'want [big]', 'sideband-all', 'packfile-uris ftp', 'done');
    await v2('fetch', 'want [big]', 'packfile-uris https', 'done');
    await v2('fetch', 'want [main]', 'sideband-all', 'packfile-uris https', 'done');
    await repository.git('update-ref', 'refs/heads/big', commit);
    await repository.git('repack', '-a', '-d', '-q');
    await v2('fetch', 'want [big]', 'sideband-all', 'packfile-uris https', 'done');
    await repository.git('update-ref', '-d', 'refs/heads/big');
  });

  it('tells the sizes of objects', async () => {
    await configure(['transfer.advertiseObjectInfo=true']);
    await v2('object-info', 'size', 'oid [main]', 'oid [main^{tree}]', `oid ${'ab'.repeat(20)}`);
    // Without "size" git before 2.41 says whatever lay in its memory.
    const bare = await withRepository(repository.path, (opened) =>
      runOurs(opened, v2Request('object-info', fill(['oid [main]']))),
    );
    expect(readUploadOutput(bare.output).lines).toEqual([oids.get('main'), '0000']);
    await v2('object-info', 'size');
    await v2('object-info', 'size', 'oid zz', 'nonsense', 'oid [main]');
  });

  it('tells of bundles, as git 2.40 and newer do', async () => {
    const bundles = ['bundle.version=1', 'bundle.mode=all', 'bundle.one.uri=https://example.com/one.bundle'];
    await configure([...bundles, 'uploadpack.advertiseBundleURIs=true']);
    const lines = await withRepository(repository.path, async (opened) => {
      const advertised = await runOurs(opened, { mode: 'advertise', gitProtocol: 'version=2' });
      const listed = await runOurs(opened, v2Request('bundle-uri', []));
      return [...readUploadOutput(advertised.output).lines, ...readUploadOutput(listed.output).lines];
    });
    expect(lines).toContain('bundle-uri\n');
    expect(lines.slice(-4)).toEqual([...bundles, '0000']);
  });

  it('knows promisor remotes, as git 2.49 and newer do', async () => {
    await configure(['promisor.advertise=true', 'remote.lop.promisor=true', 'remote.lop.url=https://example.com/a,b']);
    const output = await withRepository(repository.path, (opened) =>
      runOurs(opened, { mode: 'advertise', gitProtocol: 'version=2' }),
    );
    const { lines } = readUploadOutput(output.output);
    expect(lines).toContain('promisor-remote=name=lop,url=https://example.com/a%2cb\n');
    const accepted = {
      ...v0Request(['command=ls-refs', 'promisor-remote=lop', '0001', '0000']),
      gitProtocol: 'version=2',
    };
    const answer = await withRepository(repository.path, (opened) => runOurs(opened, accepted));
    expect(answer.failure).toBeUndefined();
  });

  it('dies of settings that make no sense', async () => {
    await configure(['uploadpack.allowFilter=perhaps']);
    await compare({ mode: 'advertise', gitProtocol: 'version=2' });
    await repository.git('config', '--unset-all', 'uploadpack.allowfilter');
    await configure(['lsrefs.unborn=perhaps']);
    await compare({ mode: 'advertise', gitProtocol: 'version=2' });
  });

  it('answers for an empty repository', async () => {
    const empty = await Repository.init(join(folder.path, 'empty'));
    const own = (run: ServiceRun): Promise<Comparison> => compareServices(empty.path, run, packs);
    for (const gitProtocol of ['version=1', 'version=2']) await own({ mode: 'advertise', gitProtocol });
    const { output } = await own({ mode: 'advertise', gitProtocol: '' });
    expect(output.lines[0]).toMatch(/^0{40} capabilities\^\{\}<NUL>multi_ack .* object-format=sha1 agent=…\n$/);
    await own(v2Request('ls-refs', ['symrefs', 'unborn']));
    await own(v2Request('ls-refs', ['symrefs', 'unborn', 'ref-prefix refs/heads/']));
    await own(v2Request('ls-refs', ['unborn']));
    await own(v2Request('fetch', ['done']));
    await empty.configure('lsrefs.unborn', 'ignore');
    await own(v2Request('ls-refs', ['symrefs', 'unborn']));
  });

  it('answers for a detached HEAD, and for a broken one', async () => {
    const clone = join(folder.path, 'detached');
    await runGit(['clone', '-q', '--bare', repository.path, clone]);
    const own = (run: ServiceRun): Promise<Comparison> => compareServices(clone, run, packs);
    const head = join(clone, 'HEAD');
    for (const content of [
      `${oids.get('main~3') ?? ''}\n`,
      'ref: refs/heads/none\n',
      'ref: refs/../x\n',
      `${'ab'.repeat(20)}\n`,
    ]) {
      await writeFile(head, content);
      for (const gitProtocol of ['', 'version=2']) await own({ mode: 'advertise', gitProtocol });
      await own(v2Request('ls-refs', ['symrefs', 'unborn', 'peel']));
    }
  });

  it('answers for a shallow repository', async () => {
    const clone = join(folder.path, 'shallow');
    await runGit(['clone', '-q', '--bare', '--depth', '4', `file://${repository.path}`, clone]);
    const lister = await PackLister.create(join(folder.path, 'shallow-scratch'), repository.path, 'sha1');
    const own = (run: ServiceRun): Promise<Comparison> => compareServices(clone, run, lister);
    for (const gitProtocol of ['', 'version=1', 'version=2']) await own({ mode: 'advertise', gitProtocol });
    for (const args of [
      [],
      ['deepen 2'],
      ['deepen 10'],
      ['deepen 2147483647'],
      ['shallow [main~3]', 'have [main~1]'],
    ]) {
      await own(v2Request('fetch', fill(['want [main]', ...args, 'done'])));
      const lines = args.filter((arg) => !arg.startsWith('have'));
      const haves = args.filter((arg) => arg.startsWith('have'));
      await own(v0Request(fill(['want [main] side-band-64k', ...lines, '0000', ...haves, 'done'])));
    }
  });

  it('shows refs whose objects are gone, and notices when refs change', async () => {
    const clone = join(folder.path, 'changing');
    await runGit(['clone', '-q', '--bare', repository.path, clone]);
    const own = async (): Promise<void> => {
      for (const gitProtocol of ['', 'version=2'])
        await compareServices(clone, { mode: 'advertise', gitProtocol }, packs);
      for (let time = 0; time < 2; time += 1) {
        await compareServices(clone, v2Request('ls-refs', ['symrefs', 'unborn', 'peel']), packs);
      }
    };
    await own();
    await writeFile(join(clone, 'refs', 'heads', 'gone'), `${'ab'.repeat(20)}\n`);
    await own();
    await runGit(['update-ref', 'refs/heads/new', oids.get('main~3') ?? ''], { cwd: clone });
    await own();
    await runGit(['symbolic-ref', 'HEAD', 'refs/heads/new'], { cwd: clone });
    await own();
    await runGit(['config', 'uploadpack.hideRefs', 'refs/heads/new'], { cwd: clone });
    await own();
  });

  it('copies a whole pack that has bitmaps, and says so', async () => {
    const clone = join(folder.path, 'bitmaps');
    await runGit(['clone', '-q', '--mirror', repository.path, clone]);
    await runGit(['repack', '-a', '-d', '-b', '-q'], { cwd: clone });
    const tips = (await runGit(['for-each-ref', '--format=%(objectname)'], { cwd: clone })).split('\n');
    const wants = tips.map((tip) => `want ${tip}`);
    const { output } = await compareServices(clone, v2Request('fetch', [...wants, 'ofs-delta', 'done']), packs);
    expect(output.messages).toMatch(/^Enumerating objects: \d+, done\.\nTotal (\d+) .*pack-reused \1 \(from 1\)\n$/);
    await compareServices(clone, v2Request('fetch', [...wants, 'done']), packs);
    await compareServices(clone, v2Request('fetch', [...wants, 'ofs-delta', 'filter blob:none', 'done']), packs);
  });

  it('sends what alternates have', async () => {
    const clone = join(folder.path, 'borrower');
    await runGit(['clone', '-q', '--bare', '--shared', repository.path, clone]);
    await compareServices(clone, v2Request('fetch', fill(['want [main]', 'done'])), packs);
    await compareServices(clone, { mode: 'advertise', gitProtocol: '' }, packs);
  });

  it('leaves everything to git when a hook is to make packs, where a hook may be set at all', async () => {
    const config = join(folder.path, 'global-config');
    await writeFile(config, '[uploadpack]\n\tpackObjectsHook = /bin/hook\n');
    await configure(['uploadpack.packObjectsHook=/bin/false']);
    await v2('fetch', 'want [main]', 'done');
    const cache = new RepositoryCache({ kernel: openKernel(), env: { ...process.env, GIT_CONFIG_GLOBAL: config } });
    const lease = cache.acquire(repository.path);
    const { error, output } = await runOurs(lease.repository, v2Request('fetch', fill(['want [main]', 'done'])));
    lease.release();
    expect(error).toMatchObject({
      name: 'NeedsGitError',
      code: 'GM_SYSTEM',
      details: { needsGit: true },
      setting: 'uploadpack.packObjectsHook',
    });
    expect(output).toHaveLength(0);
  });

  it('takes 65535 prefixes, and no notice of more', async () => {
    const args = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `ref-prefix refs/x/${String(index)}`);
    const some = await v2('ls-refs', ...args(65_535));
    expect(some.output.lines).toEqual(['0000']);
    const many = await v2('ls-refs', ...args(65_536));
    expect(many.output.lines.length).toBeGreaterThan(5);
  });
});

it('makes requests for the tests', () => {
  expect(Buffer.from(packets(['a', '0001', '0000'])).toString()).toBe('0006a\n00010000');
});
