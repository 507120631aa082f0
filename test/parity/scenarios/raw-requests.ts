import type { Scenario, ScenarioScene } from '../scenario.ts';
import { makeEmpty, makeStandard, type Settings } from '../served-repositories.ts';

const flush = 0;
const delimiter = 1;

function raw(name: string, run: Scenario['run'], settings: Settings = {}, more: Partial<Scenario> = {}): Scenario {
  return {
    name: `raw/${name}`,
    client: 'raw',
    protocols: [2],
    prepare: async (root, format) => {
      await makeStandard(root, format, settings);
      await makeEmpty(root, format, settings, 'empty');
    },
    run,
    ...more,
  };
}

/** Sends one command of version 2. */
async function command(
  scene: ScenarioScene,
  name: string,
  lines: readonly string[],
  capabilities: readonly string[] = [],
) {
  const head = [`command=${name}`, 'agent=test', `object-format=${scene.format}`, ...capabilities];
  await scene.post([...head, delimiter, ...lines.map((line) => `${line}\n`), flush]);
}

/** Sends one request of versions 0 and 1. */
async function request(scene: ScenarioScene, packets: readonly (string | number)[], version = 0): Promise<void> {
  await scene.post(packets, { gitProtocol: version === 0 ? '' : `version=${version}` });
}

const everything: Settings = {
  'uploadpack.allowFilter': 'true',
  'uploadpack.allowRefInWant': 'true',
  'uploadpack.allowSidebandAll': 'true',
  'transfer.advertiseObjectInfo': 'true',
  'uploadpack.advertiseBundleURIs': 'true',
};

/** Requests that no git sends as they are, but which git's server answers in a way of its own. */
export const rawRequests: readonly Scenario[] = [
  raw('ls-refs', async (scene) => {
    await command(scene, 'ls-refs', []);
    await command(scene, 'ls-refs', ['peel']);
    await command(scene, 'ls-refs', ['symrefs', 'unborn', 'peel', 'ref-prefix HEAD', 'ref-prefix refs/tags/']);
    await command(scene, 'ls-refs', ['ref-prefix refs/heads/to', 'ref-prefix refs/heads/topic']);
    await command(scene, 'ls-refs', ['ref-prefix ', 'ref-prefix refs/none']);
    await command(scene, 'ls-refs', ['unknown-argument']);
    await scene.post(['command=ls-refs', `object-format=${scene.format}`, flush]);
    await scene.post(
      ['command=ls-refs\n', `object-format=${scene.format}\n`, delimiter, 'symrefs\n', 'unborn\n', flush],
      { name: 'empty' },
    );
  }),
  raw('many-prefixes', async (scene) => {
    const prefixes = Array.from({ length: 65_540 }, (_, index) => `ref-prefix refs/nothing/${index}`);
    await command(scene, 'ls-refs', prefixes);
  }),
  raw('commands', async (scene) => {
    await command(scene, 'unknown', []);
    await scene.post(['agent=test', delimiter, flush]);
    await scene.post([flush]);
    await scene.post([]);
    await scene.post(['command=ls-refs', 'command=fetch', delimiter, flush]);
    await scene.post(['command=ls-refs', 'unknown=value', delimiter, flush]);
    await scene.post(['command=ls-refs', 'object-format=sha3', delimiter, flush]);
    await scene.post([
      'command=ls-refs',
      `object-format=${scene.format === 'sha1' ? 'sha256' : 'sha1'}`,
      delimiter,
      flush,
    ]);
    await scene.post(['command=agent', delimiter, flush]);
    await scene.post(['command=object-info', delimiter, flush]);
    await scene.post(['command=bundle-uri', delimiter, flush]);
    await scene.post([
      'command=ls-refs',
      'server-option=a',
      'server-option=b',
      `object-format=${scene.format}`,
      delimiter,
      'ref-prefix HEAD\n',
      flush,
    ]);
    await scene.post([
      'command=ls-refs',
      `object-format=${scene.format}`,
      delimiter,
      'ref-prefix HEAD\n',
      delimiter,
      flush,
    ]);
  }),
  raw('two-commands', async (scene) => {
    const one = ['command=ls-refs', `object-format=${scene.format}`, delimiter, 'ref-prefix refs/heads/main\n', flush];
    await scene.post([...one, ...one]);
  }),
  raw(
    'object-info',
    async (scene) => {
      const oids = await Promise.all(
        ['main', 'main:README.md', 'v1', 'main^{tree}'].map((name) => scene.served().resolve(name)),
      );
      await command(scene, 'object-info', ['size', ...oids.map((oid) => `oid ${oid}`)]);
      await command(
        scene,
        'object-info',
        oids.map((oid) => `oid ${oid}`),
      );
      await command(scene, 'object-info', ['size']);
      await command(scene, 'object-info', []);
      await command(scene, 'object-info', ['size', `oid ${'1'.repeat(oids[0]?.length ?? 40)}`, `oid ${oids[0] ?? ''}`]);
      await command(scene, 'object-info', ['size', 'oid 123']);
      await command(scene, 'object-info', ['type', `oid ${oids[0] ?? ''}`]);
    },
    everything,
  ),
  raw(
    'bundle-uri',
    async (scene) => {
      await command(scene, 'bundle-uri', []);
      await command(scene, 'bundle-uri', ['argument']);
    },
    { ...everything, 'bundle.version': '1', 'bundle.mode': 'any', 'bundle.one.uri': 'https://example.com/one.bundle' },
  ),
  raw('fetch-framing', async (scene) => {
    const tip = await scene.served().resolve('main');
    const old = await scene.served().resolve('main~3');
    const nothing = '1'.repeat(tip.length);
    await command(scene, 'fetch', [`want ${tip}`, 'done']);
    await command(scene, 'fetch', [
      `want ${tip}`,
      'no-progress',
      'ofs-delta',
      'thin-pack',
      'include-tag',
      `have ${old}`,
      'done',
    ]);
    await command(scene, 'fetch', [`want ${tip}`, `have ${old}`]);
    await command(scene, 'fetch', [`want ${tip}`, `have ${nothing}`]);
    await command(scene, 'fetch', [`want ${tip}`]);
    await command(scene, 'fetch', [`want ${tip}`, `have ${old}`, `have ${nothing}`, 'wait-for-done']);
    await command(scene, 'fetch', [`want ${tip}`, `have ${old}`, `have ${old}`]);
    await command(scene, 'fetch', ['done']);
    await command(scene, 'fetch', []);
    await command(scene, 'fetch', [`have ${old}`]);
    await command(scene, 'fetch', [`have ${old}`, 'done']);
    await command(scene, 'fetch', [`want ${tip}`, `want ${tip}`, `have ${tip}`, 'done']);
  }),
  raw('fetch-errors', async (scene) => {
    const tip = await scene.served().resolve('main');
    const nothing = '1'.repeat(tip.length);
    for (const line of [
      `want ${nothing}`,
      'want 123',
      'want',
      `have ${tip.slice(1)}`,
      'unknown-argument',
      'deepen 0',
      'deepen -1',
      'deepen many',
      'deepen-since tomorrow',
      'deepen-not refs/heads/none',
      'deepen-not none',
      'shallow 123',
      `shallow ${nothing}`,
      'filter blob:none',
      'want-ref refs/heads/main',
      'packfile-uris https',
      'sideband-all',
    ]) {
      await command(scene, 'fetch', [`want ${tip}`, line, 'done']);
    }
    await command(scene, 'fetch', [`want ${tip}`, 'deepen 1', 'deepen-since 1700000006', 'done']);
    await command(scene, 'fetch', [`want ${tip}`, 'deepen 1', 'deepen-not refs/heads/topic', 'done']);
    await command(scene, 'fetch', [`want ${tip}`, 'deepen-relative', 'done']);
  }),
  raw(
    'fetch-everything',
    async (scene) => {
      const tip = await scene.served().resolve('main');
      const old = await scene.served().resolve('main~3');
      const blob = await scene.served().resolve('main:README.md');
      for (const lines of [
        ['want-ref refs/heads/main', 'want-ref HEAD'],
        ['want-ref refs/heads/main', 'want-ref refs/heads/main'],
        ['want-ref refs/heads/none'],
        ['want-ref v1'],
        ['want-ref refs/tags/v1', `have ${old}`],
        [`want ${tip}`, 'sideband-all', `have ${old}`],
        ['want-ref refs/heads/topic', 'sideband-all', 'deepen 2'],
        [`want ${tip}`, 'filter blob:none', 'deepen 1'],
        [`want ${tip}`, 'filter blob:none', 'filter tree:1'],
        [`want ${tip}`, 'filter nonsense'],
        [`want ${tip}`, 'filter tree:-1'],
        [`want ${tip}`, 'filter blob:limit='],
        [`want ${tip}`, 'filter blob:limit=10x'],
        [`want ${tip}`, 'filter combine:'],
        [`want ${tip}`, 'filter combine:blob:none'],
        [`want ${tip}`, 'filter combine:tree:2+blob:limit=100'],
        [`want ${tip}`, 'filter combine:tree%3a2+tree%3A3'],
        [`want ${tip}`, 'filter combine:tree:2+~'],
        [`want ${tip}`, 'filter sparse:path=x'],
        [`want ${tip}`, 'filter sparse:oid=none'],
        [`want ${tip}`, 'filter object:type=nothing'],
        [`want ${tip}`, 'filter object:type=tree'],
        [`want ${blob}`],
        [`want ${blob}`, 'filter blob:none'],
      ]) {
        await command(scene, 'fetch', [...lines, 'no-progress', 'done']);
      }
    },
    { ...everything, 'uploadpack.allowAnySHA1InWant': 'true' },
  ),
  raw('shallow-framing', async (scene) => {
    const names = ['main', 'main~1', 'main~2', 'main~4'];
    const [tip = '', ...older] = await Promise.all(names.map((name) => scene.served().resolve(name)));
    await command(scene, 'fetch', [`want ${tip}`, 'deepen 2', 'done']);
    await command(scene, 'fetch', [`want ${tip}`, 'deepen 2']);
    await command(scene, 'fetch', [`want ${tip}`, `shallow ${older[0] ?? ''}`, `have ${older[0] ?? ''}`, 'deepen 3']);
    await command(scene, 'fetch', [`want ${tip}`, `shallow ${tip}`, 'deepen 1', 'deepen-relative', `have ${tip}`]);
    await command(scene, 'fetch', [`want ${tip}`, `shallow ${older[1] ?? ''}`, `have ${tip}`, 'done']);
    await command(scene, 'fetch', [`want ${tip}`, 'deepen 2147483647', 'done']);
    await command(scene, 'fetch', [`want ${tip}`, 'deepen-since 1', 'done']);
    await command(scene, 'fetch', [`want ${tip}`, 'deepen-not refs/heads/main', 'done']);
  }),
  ...[0, 1].map((version) =>
    raw(
      `v${version}`,
      async (scene) => {
        const tip = await scene.served().resolve('main');
        const old = await scene.served().resolve('main~3');
        const nothing = '1'.repeat(tip.length);
        const format = `object-format=${scene.format}`;
        for (const capabilities of [
          'multi_ack_detailed no-done side-band-64k thin-pack ofs-delta no-progress include-tag',
          'multi_ack_detailed side-band-64k ofs-delta',
          'multi_ack side-band-64k no-progress',
          'side-band-64k no-progress',
          'side-band no-progress',
          'no-progress',
          '',
          'no-done side-band-64k no-progress',
          'unknown-capability no-progress',
        ]) {
          const want = `want ${tip} ${capabilities} ${format}\n`;
          await request(scene, [want, flush, 'done\n'], version);
          await request(scene, [want, flush, `have ${old}\n`, 'done\n'], version);
          await request(scene, [want, flush, `have ${old}\n`, `have ${nothing}\n`, flush], version);
          await request(scene, [want, flush, `have ${nothing}\n`, flush, 'done\n'], version);
          await request(scene, [want, 'deepen 2\n', flush, 'done\n'], version);
          await request(scene, [want, 'deepen 2\n', flush], version);
        }
        const plain = `want ${tip} side-band-64k no-progress ${format}\n`;
        await request(scene, [plain, `shallow ${old}\n`, flush, `have ${tip}\n`, 'done\n'], version);
        await request(scene, [plain, 'filter blob:none\n', flush, 'done\n'], version);
        await request(scene, [plain, 'deepen-since 1700000006\n', flush, 'done\n'], version);
        await request(scene, [plain, 'deepen-not refs/heads/topic\n', flush, 'done\n'], version);
        await request(scene, [plain, 'deepen 0\n', flush, 'done\n'], version);
        await request(scene, [plain, 'deepen x\n', flush, 'done\n'], version);
        await request(scene, [`want ${nothing} side-band-64k\n`, flush, 'done\n'], version);
        await request(scene, ['want nonsense\n', flush, 'done\n'], version);
        await request(scene, ['nonsense\n', flush], version);
        await request(scene, [flush], version);
        await request(scene, [], version);
        await request(scene, [plain, flush, 'nonsense\n'], version);
        await request(scene, [plain, flush, 'have 123\n', flush], version);
      },
      { 'uploadpack.allowFilter': version === 0 ? 'false' : 'true' },
    ),
  ),
];
