import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import { makeRichRepository } from '../packs/rich-repository.ts';
import type { Repository } from '../repositories/repository.ts';
import { makeTemporaryFolder, type TemporaryFolder } from '../repositories/temporary-folder.ts';
import type { ServiceRun } from './both-services.ts';
import { compareServices, v0Request, v2Request } from './compare.ts';
import type { Comparison } from './compare.ts';
import { PackLister } from './pack-objects.ts';

describe.each<ObjectFormat>(['sha1', 'sha256'])('the same answers as git upload-pack, %s', (format) => {
  let folder: TemporaryFolder;
  let repository: Repository;
  let packs: PackLister;
  /** Object names by revision. */
  const oids = new Map<string, string>();
  const oid = (name: string): string => oids.get(name) ?? name;

  beforeAll(async () => {
    folder = await makeTemporaryFolder();
    repository = await makeRichRepository(join(folder.path, 'rich'), format);
    packs = await PackLister.create(join(folder.path, 'scratch'), repository.path, format);
    await repository.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    await repository.git('pack-refs', '--all');
    await repository.updateRef('refs/heads/loose', 'main~3');
    await repository.git('tag', '-a', '-m', 'loose tag', 'loose-tag', 'main~5');
    const names = ['main', 'main~1', 'main~2', 'main~3', 'main~5', 'main~10', 'main~20', 'main~60', 'main~118', 'side'];
    const more = ['submodule', 'other-root', 'annotated', 'outer', 'of-tree', 'of-blob', 'loose-tag', 'side~2'];
    const objects = ['main^{tree}', 'main:text.txt', 'main:a', 'main~1:text.txt', 'main~40^{tree}'];
    for (const name of [...names, ...more, ...objects]) oids.set(name, await repository.resolve(name));
    oids.set('missing', 'ab'.repeat(format === 'sha1' ? 20 : 32));
  });

  afterAll(() => folder[Symbol.asyncDispose]());

  const compare = (run: ServiceRun): Promise<Comparison> => compareServices(repository.path, run, packs);
  /** Names in square brackets become object names. */
  const fill = (lines: readonly string[]): readonly string[] =>
    lines.map((line) => line.replace(/\[(.*?)\]/g, (_, name: string) => oid(name)));
  const v2 = (command: string, ...args: readonly string[]): Promise<Comparison> =>
    compare(v2Request(command, fill(args), format));

  it.each(['', 'version=1', 'version=2', 'version=1:version=2', 'version=7'])(
    'advertises with %j',
    async (gitProtocol) => {
      await compare({ mode: 'advertise', gitProtocol });
    },
  );

  it.each(['', 'version=1', 'version=2'])('lets a client go that only looked, with %j', async (gitProtocol) => {
    await compare({ mode: 'converse', gitProtocol, input: Buffer.from('0000') });
  });

  it.each([
    [[]],
    [['peel', 'symrefs']],
    [['peel', 'symrefs', 'unborn', 'ref-prefix refs/heads/']],
    [['ref-prefix HEAD', 'ref-prefix refs/tags/', 'ref-prefix refs/heads/s', 'ref-prefix refs/tags/o', 'peel']],
    [['ref-prefix refs/nowhere']],
    [['ref-prefix ']],
    [['ref-prefix r', 'symrefs']],
    [['nonsense']],
    [['peel', '0001', 'symrefs']],
  ])('lists refs with %j', async (args) => {
    await v2('ls-refs', ...args);
  });

  it.each([
    [['want [main]', 'done']],
    [
      [
        'want [main]',
        'want [main]',
        'want [annotated]',
        'done',
        'ofs-delta',
        'thin-pack',
        'no-progress',
        'include-tag',
      ],
    ],
    [['want [main]', 'have [main~10]', 'done', 'thin-pack', 'ofs-delta']],
    [['want [main]', 'have [main~10]', 'have [side]', 'done', 'thin-pack']],
    [['want [main]', 'have [main]', 'done']],
    [['want [outer]', 'want [of-tree]', 'want [of-blob]', 'done']],
    [['want [main:text.txt]', 'done']],
    [['want [main^{tree}]', 'have [main~1]', 'done']],
    [['want [main:a]', 'want [main~40^{tree}]', 'done']],
    [['want [submodule]', 'have [main]', 'done', 'include-tag']],
    [['want [missing]', 'done']],
    [['want [main]', 'have [missing]', 'done']],
    [['want [main]', 'have [missing]']],
    [['want [main]', 'have [main~60]']],
    [['want [main]', 'have [main~60]', 'wait-for-done']],
    [['want [main]', 'want [other-root]', 'have [main~3]', 'have [missing]', 'have [main~118]']],
    [['have [main~3]', 'have [missing]', 'wait-for-done']],
    [['wait-for-done']],
    [['wait-for-done', 'done']],
    [['have [main]']],
    [[]],
    [['done']],
    [['want [main] and more', 'done']],
    [['want zz', 'done']],
    [['want', 'done']],
    [['have nothing']],
    [['nonsense', 'want [main]']],
    [['filter blob:none', 'want [main]', 'done']],
    [['sideband-all', 'want [main]', 'done']],
    [['want-ref refs/heads/main', 'done']],
    [['want [main]', '0001', 'done']],
    [['want [main]', '0002', 'done']],
  ])('fetches in v2: %j', async (args) => {
    await v2('fetch', ...args);
  });

  it.each([
    [['deepen 1']],
    [['deepen 3']],
    [['deepen 0x3']],
    [['deepen 1000']],
    [['deepen 2147483647']],
    [['deepen 0']],
    [['deepen -1']],
    [['deepen many']],
    [['deepen-since 1']],
    [['deepen-since 1600000900']],
    [['deepen-since soon']],
    [['deepen-not side']],
    [['deepen-not refs/heads/side', 'deepen-not annotated']],
    [['deepen-not missing']],
    [['deepen 1', 'deepen-not side']],
    [['shallow [main~10]', 'have [main~5]']],
    [['shallow [main~10]', 'deepen 20', 'have [main~5]']],
    [['shallow [main~10]', 'deepen 2147483647', 'have [main~5]']],
    [['shallow [main~10]', 'deepen 3', 'have [main~5]']],
    [['shallow [missing]', 'deepen 2']],
    [['shallow [main^{tree}]', 'deepen 2']],
    [['shallow nothing', 'deepen 2']],
    [['shallow [main~3]', 'deepen 1', 'deepen-relative', 'have [main~2]']],
    [['shallow [main~10]', 'deepen-since 1600000000', 'have [main~5]']],
  ])('cuts history in v2 with %j', async (args) => {
    await v2('fetch', 'want [main]', ...args, 'done', 'ofs-delta', 'thin-pack');
  });

  it.each([
    [['object-format=sha3']],
    [['object-format']],
    [[`object-format=${format === 'sha1' ? 'sha256' : 'sha1'}`]],
    [['unknown=1']],
    [['session-id=x']],
    [['server-option=a', 'server-option=b', 'agent']],
    [['command=fetch', 'command=ls-refs']],
    [['command=ls-refs=1']],
    [['command=nothing']],
    [['fetch']],
    [['ERR no']],
  ])('reads the head of a request: %j', async (head) => {
    const lines = head.some((line) => line.startsWith('command')) ? head : ['command=ls-refs', ...head];
    const own = lines.some((line) => line.startsWith('object-format')) ? [] : [`object-format=${format}`];
    await compare({ ...v0Request([...own, ...lines, '0001', '0000']), gitProtocol: 'version=2' });
  });

  it('says nothing to a request without a command, and to none', async () => {
    for (const lines of [['0000'], [`object-format=${format}`, '0000'], ['0001', '0000'], []]) {
      await compare({ ...v0Request(lines), gitProtocol: 'version=2' });
    }
  });

  it.each(['', '00', '0003', 'zzzz', '0008abc', 'fff5', 'ffff', '0014command=ls-refs\n', '0032want'])(
    'gives up on %j',
    async (bytes) => {
      for (const gitProtocol of ['', 'version=2']) {
        await compare({ mode: 'answer', gitProtocol, input: Buffer.from(bytes) });
      }
    },
  );

  it('answers several requests in one conversation', async () => {
    const lines = [
      ...['command=ls-refs', `object-format=${format}`, '0001', 'peel', '0000'],
      ...['command=fetch', `object-format=${format}`, '0001', 'want [main]', 'have [missing]', '0000'],
      ...['command=fetch', `object-format=${format}`, '0001', 'want [main]', 'have [side~2]', 'have [main~3]', '0000'],
    ];
    await compare({ ...v0Request(fill(lines)), mode: 'converse', gitProtocol: 'version=2' });
  });

  const modes = ['', 'multi_ack', 'multi_ack_detailed', 'multi_ack_detailed no-done'];
  const bands = ['', 'side-band', 'side-band-64k'];

  describe.each(modes)('v0 with %j', (ack) => {
    it.each([
      ...bands.map((band) => [[`want [main] ${ack} ${band} ofs-delta`, 'want [side]', '0000', 'done']]),
      [[`want [main] ${ack} side-band-64k thin-pack`, '0000', 'have [main~10]', 'have [main~20]', 'done']],
      [[`want [main] ${ack} side-band-64k thin-pack`, '0000', 'have [main~10]', 'have [missing]', '0000']],
      [
        [
          `want [main] ${ack} side-band-64k`,
          '0000',
          'have [missing]',
          'have [main~2]',
          'have [main~3]',
          '0000',
          'done',
        ],
      ],
      [
        [
          `want [main] ${ack} side-band-64k`,
          '0000',
          'have [main~2]',
          'have [main~3]',
          '0000',
          'have [side]',
          '0000',
          'done',
        ],
      ],
      [
        [
          `want [main] ${ack} side-band-64k`,
          'want [other-root]',
          '0000',
          'have [main~2]',
          'have [missing]',
          '0000',
          'done',
        ],
      ],
      [[`want [main] ${ack} side-band-64k`, '0000', 'have [missing]', '0000', 'done']],
      [[`want [main] ${ack} side-band-64k`, '0000', 'have [of-blob]', 'have [main~1:text.txt]', '0000', 'done']],
      [[`want [main] ${ack} side-band-64k no-progress include-tag`, 'deepen 3', '0000', 'done']],
      [[`want [main] ${ack} side-band-64k`, 'deepen 3', '0000']],
      [[`want [main] ${ack} side-band-64k`, 'shallow [main~10]', 'deepen 20', '0000', 'have [main~5]', '0000', 'done']],
      [
        [
          `want [main] ${ack} side-band-64k deepen-relative`,
          'shallow [main~3]',
          'deepen 1',
          '0000',
          'have [main~2]',
          'done',
        ],
      ],
      [[`want [main] ${ack} side-band-64k`, 'shallow [main~10]', '0000', 'have [main~5]', '0000', 'done']],
      [[`want [main] ${ack} side-band-64k`, 'deepen-since 1600000900', '0000', 'done']],
      [[`want [main] ${ack} side-band-64k`, 'deepen-not side', '0000', 'done']],
    ])('%j', async (lines) => {
      await compare(v0Request(fill(lines)));
      await compare(v0Request(fill(lines), 'converse'));
    });
  });

  it.each([
    [['0000']],
    [['want [missing]', '0000', 'done']],
    [['want nothing', '0000', 'done']],
    [['have [main]', '0000', 'done']],
    [['want [main]', 'nonsense', '0000', 'done']],
    [['want [main] side-band-64k', '0000', 'nonsense']],
    [['want [main] side-band-64k', '0000', 'have nothing']],
    [['want [main] side-band-64k', '0000']],
    [['want [main] side-band-64k', '0001', 'done']],
    [['want [main~10] side-band-64k', '0000', 'done']],
    [['want [main^{tree}] side-band-64k', '0000', 'done']],
    [['want [main] side-band-64k filter', 'filter blob:none', '0000', 'done']],
    [['want [main] side-band-64k', 'deepen 1', 'deepen-not side', '0000', 'done']],
    [['want [main] side-band-64k', 'deepen nothing', '0000', 'done']],
  ])('v0 otherwise: %j', async (lines) => {
    await compare(v0Request(fill(lines)));
    await compare(v0Request(fill(lines), 'converse', 'version=1'));
  });

  it('tells nothing of what happened inside', async () => {
    const { ours } = await v2('fetch', 'want [main]', 'have [main~10]', 'done');
    expect(ours.facts).toMatchObject({ protocol: 2, command: 'fetch', wants: 1, haves: 1, filter: 'none' });
    expect(ours.phases).toEqual(['parse', 'traverse', 'compress', 'stream']);
  });
});
