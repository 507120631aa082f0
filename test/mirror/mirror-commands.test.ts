import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { FakeHost } from '../cli/fake-host.ts';
import { openLearningScene, type LearningScene, type OriginServer } from './learning-scene.ts';

interface CommandScene extends AsyncDisposable {
  readonly scene: LearningScene;
  /** Runs `git mirror` in the client; throws unless it ends with `status`. */
  readonly mirror: (words: readonly string[], status?: number) => Promise<FakeHost>;
}

async function openScene(server: OriginServer = 'path'): Promise<CommandScene> {
  const scene = await openLearningScene(server);
  return {
    scene,
    mirror: async (words, status = 0) => {
      const host = new FakeHost();
      host.env = { ...process.env, GIT_DIR: `${scene.git.cwd}/.git` };
      const ended = await host.run(...words);
      if (ended !== status) throw new Error(`git mirror ${words.join(' ')} ended with ${String(ended)}: ${host.err}`);
      return host;
    },
    [Symbol.asyncDispose]: () => scene[Symbol.asyncDispose](),
  };
}

const [one, two] = ['https://one.example/app.git', 'https://two.example/app.git'];

describe('git mirror add, remove, prefer', () => {
  it('M4: changes what git config shows', async () => {
    await using commands = await openScene();
    const { scene, mirror } = commands;
    expect((await mirror(['add', one])).out).toBe(`Added ${one} to the mirrors of origin.\n`);
    expect((await mirror(['add', `${one}/`])).out).toContain('already');
    await mirror(['add', two, 'origin']);
    expect(await scene.client('config', '--get-all', 'remote.origin.mirrorUrl')).toBe(`${one}\n${two}`);
    await mirror(['prefer', two]);
    expect(await scene.client('config', 'remote.origin.preferredMirror')).toBe(two);
    expect(JSON.parse((await mirror(['list', '--json'])).out)).toMatchObject({
      remote: 'origin',
      useMirror: true,
      mirrors: [
        { url: two, from: 'user', order: 1, preferred: true },
        { url: one, from: 'user', order: 2, preferred: false },
      ],
    });
    await mirror(['remove', two]);
    expect(await scene.client('config', '--get-all', 'remote.origin.mirrorUrl')).toBe(one);
    expect((await scene.read()).preferredMirror).toBeUndefined();
    await mirror(['prefer', one]);
    await mirror(['prefer', '--none']);
    await mirror(['prefer', '--none', 'origin']);
    expect((await scene.read()).preferredMirror).toBeUndefined();
    expect((await scene.read()).userMirrors).toEqual([one]);
  });

  it.each([
    [['add', 'ext::date'], 'refused'],
    [['add', '--', '--upload-pack=date'], 'dash'],
    [['add', 'https://me:secret@h/x'], 'password'],
    [['add', one, 'nowhere'], 'there is origin'],
    [['add'], 'url'],
    [['remove', one], 'no mirror that you have set'],
    [['prefer'], '--none'],
    [['prefer', '--none', one, 'origin'], 'takes no URL'],
    [['prefer', 'x.git'], 'whole'],
  ])('M4: says what is wrong with %j', async (words, said) => {
    await using commands = await openScene();
    const host = await commands.mirror(words, 2);
    expect(host.err).toContain(said);
    expect(host.err).not.toContain('secret');
    expect((await commands.scene.read()).userMirrors).toEqual([]);
  });

  it('M4: the origin is no mirror of itself', async () => {
    await using commands = await openScene('git-daemon');
    expect((await commands.mirror(['add', commands.scene.url], 2)).err).toContain('itself');
  });

  it('M4: leaves alone what is set for all repositories, and says where it is', async () => {
    await using commands = await openScene();
    const host = new FakeHost();
    host.env = {
      ...process.env,
      GIT_DIR: `${commands.scene.git.cwd}/.git`,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'remote.origin.mirrorUrl',
      GIT_CONFIG_VALUE_0: one,
    };
    expect(await host.run('remove', one)).toBe(2);
    expect(host.err).toContain('--show-origin');
  });

  it('M4: goes by the remote of the branch, as git fetch does', async () => {
    await using commands = await openScene();
    const { scene, mirror } = commands;
    await scene.client('remote', 'add', 'upstream', 'https://upstream.example/app.git');
    await mirror(['add', one]);
    await scene.client('config', 'branch.main.remote', 'upstream');
    await scene.client('symbolic-ref', 'HEAD', 'refs/heads/main');
    await mirror(['add', two]);
    expect(await scene.client('config', 'remote.origin.mirrorUrl')).toBe(one);
    expect(await scene.client('config', 'remote.upstream.mirrorUrl')).toBe(two);
  });
});

describe('git mirror list', () => {
  it('M5, M8: asks the origin, says what it names, and stores it', async () => {
    await using commands = await openScene();
    const { scene, mirror } = commands;
    await scene.announce('refs/mirrors/all', `${one} region=DE\n`);
    await mirror(['add', two]);
    const { out } = await mirror(['list']);
    expect(out).toBe(
      [
        'ORDER  MIRROR                       NAMED BY    REGION',
        `    1  ${two}  you`,
        `    2  ${one}  the origin  DE`,
        '',
      ].join('\n'),
    );
    expect(await scene.client('config', 'remote.origin.learnedMirrorUrl')).toBe(`${one} region=DE`);
    expect((await mirror(['remove', one], 2)).err).toContain('the server names it');
    await scene.announce('refs/mirrors/all', 'https://new.example/app.git\n');
    expect((await mirror(['list'])).out).toContain(one);
    const refreshed = await mirror(['list', '--refresh', '--verbose']);
    expect(refreshed.out).toContain('https://new.example/app.git');
    expect(refreshed.err).toContain('refs/mirrors/*');
  });

  it('takes a URL that is no remote', async () => {
    await using commands = await openScene('git-daemon');
    const { scene, mirror } = commands;
    await scene.announce('refs/mirrors/all', `${one}\n`);
    const document: unknown = JSON.parse((await mirror(['list', '--json', scene.url])).out);
    expect(document).toMatchObject({ remote: null, mirrors: [{ url: one, from: 'origin', order: 1 }] });
  });

  it('says when there are none, and when none is asked', async () => {
    await using commands = await openScene();
    const { scene, mirror } = commands;
    expect((await mirror(['list'])).out).toBe(
      'No mirrors of origin are known. Add one with git mirror add URL origin.\n',
    );
    await mirror(['add', one]);
    await scene.client('config', 'remote.origin.useMirror', 'false');
    const { out } = await mirror(['list']);
    expect(out).toContain('–');
    expect(out).toContain('remote.origin.useMirror is false');
  });

  it('names the key of a setting that makes no sense', async () => {
    await using commands = await openScene();
    await commands.scene.client('config', 'mirror.stall', 'soon');
    expect((await commands.mirror(['list'], 2)).err).toContain('mirror.stall');
  });
});

describe('git mirror clean', () => {
  it('M2: removes what is reachable, and names what is not', async () => {
    await using commands = await openScene();
    const { scene, mirror } = commands;
    await scene.client('fetch', '-q', 'origin');
    await scene.client('update-ref', 'refs/mirror/h/heads/main', 'origin/main');
    const tree = await scene.client('rev-parse', 'origin/main^{tree}');
    const more = await scene.client('commit-tree', '-p', 'origin/main', '-m', 'more', tree);
    await scene.client('update-ref', 'refs/mirror/h/heads/more', more);
    expect((await mirror(['clean'])).out).toBe(
      [
        'Removed 1 ref of mirrors.',
        `Kept refs/mirror/h/heads/more (${more.slice(0, 12)}): your own refs do not reach it.`,
        'Give what you want a branch; git update-ref -d REF removes the rest.',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await mirror(['clean', '--json'])).out)).toEqual({
      removed: [],
      kept: [{ name: 'refs/mirror/h/heads/more', oid: more }],
    });
  });
});

describe('docs/mirror-settings.md', () => {
  const section = async (title: string): Promise<string> => {
    const text = await readFile(new URL('../../docs/mirror-settings.md', import.meta.url), 'utf8');
    return text.split(/^## /m).find((part) => part.startsWith(title)) ?? '';
  };

  it('M8: what it shows for an origin on a forge is what happens', async () => {
    await using commands = await openScene('git-daemon');
    const { scene, mirror } = commands;
    const text = await section('My origin is on a forge');
    const [, script = '', table = ''] = /```sh\n([^]*?)```[^]*?```\n([^]*?)```/.exec(text) ?? [];
    await promisify(execFile)('sh', ['-e', '-c', script], { cwd: scene.git.cwd });
    expect((await mirror(['list'])).out).toBe(table);
    expect(await scene.client('ls-remote', 'origin', 'refs/mirrors/*')).toContain('refs/mirrors/public');
    await scene.client('clone', '-q', scene.url, 'copy');
    expect(await scene.client('-C', 'copy', 'for-each-ref')).not.toContain('refs/mirrors/');
    await scene.client('push', '-q', 'origin', ':refs/mirrors/public');
    expect((await mirror(['list', '--refresh'])).out).toContain('No mirrors');
  });

  it('M4: names every key that is read, and no other', async () => {
    const text = await readFile(new URL('../../docs/mirror-settings.md', import.meta.url), 'utf8');
    const source = await readFile(new URL('../../src/mirror/settings/remote-mirrors.ts', import.meta.url), 'utf8');
    const shown = [...text.matchAll(/^\| `(remote\.<name>|mirror)\.(\w+)`/gm)].map(([, section = '', name = '']) =>
      `${section}.${name}`.toLowerCase(),
    );
    const read = [
      ...[...source.matchAll(/'(mirror\.\w+)'/g)].map(([, key = '']) => key),
      ...[...source.matchAll(/(?:of|only|key)\('(\w+)'\)/g)].map(([, name = '']) =>
        `remote.<name>.${name}`.toLowerCase(),
      ),
    ];
    expect([...new Set(shown)].sort()).toEqual([...new Set(read)].sort());
  });
});
