import { readdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readRemoteMirrors } from '../../src/mirror/settings/remote-mirrors.ts';
import { gitVersions } from '../git-versions.ts';
import type { HttpMiddleware } from '../servers/http-backend.ts';
import { openLearningScene, type LearningScene } from './learning-scene.ts';

/** Answers those paths, query aside, with JSON; the rest is git's. */
function documents(answer: (path: string, query: URLSearchParams) => unknown): HttpMiddleware {
  return (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const document = answer(url.pathname, url.searchParams);
    if (document === undefined) return false;
    const isNotFound = typeof document === 'object' && document !== null && 'notFound' in document;
    response.writeHead(isNotFound ? 404 : 200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(document));
    return true;
  };
}

async function configure(scene: LearningScene, settings: Readonly<Record<string, string | readonly string[]>>) {
  for (const [name, values] of Object.entries(settings)) {
    for (const value of typeof values === 'string' ? [values] : values) {
      await scene.origin.git('config', '--add', `mirror.${name}`, value);
    }
  }
}

const urls = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `https://m${String(index + 1)}.example/app.git`);
const urlsOf = ({ learned }: { readonly learned: { readonly mirrors: readonly { readonly url: string }[] } }) =>
  learned.mirrors.map(({ url }) => url);

describe('learnMirrors from our own server', () => {
  it("M5: takes the list of the command mirrors, stores it, and leaves the user's settings alone", async () => {
    await using scene = await openLearningScene('native');
    await configure(scene, {
      advertise: 'true',
      canonicalUrl: 'https://origin.example/app.git',
      mirrorUrl: ['https://m1.example/app.git region=DE stratum=1', 'git://m2.example/app.git'],
      preferMirrors: 'always',
    });
    await scene.client('config', '--add', 'remote.origin.mirrorUrl', 'https://mine.example/app.git');
    const before = Date.now();
    const learned = await scene.learn();
    expect(learned.learned).toMatchObject({
      canonicalUrls: ['https://origin.example/app.git'],
      mirrors: [{ url: 'https://m1.example/app.git', region: 'DE', stratum: 1 }, { url: 'git://m2.example/app.git' }],
      prefer: 'always',
      more: undefined,
    });
    expect(scene.details.join('\n')).toContain('command mirrors');
    const stored = await scene.read();
    expect(urlsOf(stored)).toEqual(urlsOf(learned));
    expect(stored).toMatchObject({ userMirrors: ['https://mine.example/app.git'], preferMirror: undefined });
    expect(stored.learned.learnedAtMs).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000);
  });

  it('M5: asks again only when the list is old, or when told to', async () => {
    await using scene = await openLearningScene('native');
    await configure(scene, { advertise: 'true', mirrorUrl: urls(1) });
    await scene.learn();
    await configure(scene, { mirrorUrl: 'https://new.example/app.git' });
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
    expect(urlsOf(await scene.learn({ refresh: true }))).toEqual([...urls(1), 'https://new.example/app.git']);
    await configure(scene, { mirrorUrl: 'https://newer.example/app.git' });
    await scene.client('config', 'remote.origin.mirrorsLearned', '1700000000');
    expect(urlsOf(await scene.learn())).toHaveLength(3);
  });

  it('M5: fetches more, page by page, until there are no more', async () => {
    await using scene = await openLearningScene('native');
    await configure(scene, { advertise: 'true', mirrorUrl: urls(7), limit: '3' });
    const first = await scene.learn();
    expect(urlsOf(first)).toEqual(urls(3));
    expect(first.learned.more?.count).toBe(4);
    expect((await scene.read()).learned.more).toEqual(first.learned.more);
    const second = await scene.learnMore(first);
    expect(second?.learned.mirrors).toHaveLength(6);
    const third = await scene.learnMore(await scene.read());
    expect(third === undefined ? [] : urlsOf(third)).toEqual(urls(7));
    expect(third === undefined ? third : await scene.learnMore(third)).toBeUndefined();
    expect(urlsOf(await scene.read())).toEqual(urls(7));
  });

  it('M5: hears nothing from a server that does not advertise, and remembers that', async () => {
    await using scene = await openLearningScene('native');
    await configure(scene, { mirrorUrl: urls(1) });
    expect(urlsOf(await scene.learn())).toEqual([]);
    expect((await scene.read()).learned.learnedAtMs).toBeDefined();
  });

  it('asks without credentials', async () => {
    await using scene = await openLearningScene('native');
    await configure(scene, { advertise: 'true', mirrorUrl: urls(1) });
    await scene.client('remote', 'set-url', 'origin', scene.url.replace('http://', 'http://me:secret@'));
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
    expect(scene.details.join()).not.toContain('secret');
  });

  it('learns for a URL that is no remote, and stores nothing', async () => {
    await using scene = await openLearningScene('native');
    await configure(scene, { advertise: 'true', mirrorUrl: urls(2) });
    const before = await scene.client('config', '--list');
    const learned = await scene.learn({ remoteMirrors: await readRemoteMirrors(scene.git, scene.url) });
    expect(urlsOf(learned)).toEqual(urls(2));
    expect(await scene.client('config', '--list')).toBe(before);
  });
});

describe('learnMirrors from a document', () => {
  it('M5: info/mirrors beside an unmodified git', async () => {
    await using scene = await openLearningScene(
      documents((path) =>
        path === '/app.git/info/mirrors'
          ? { canonical: [], preferMirrors: 'now', mirrors: [{ url: 'https://m1.example/app.git', region: 'FR' }] }
          : undefined,
      ),
    );
    expect((await scene.learn()).learned.mirrors).toMatchObject([{ url: 'https://m1.example/app.git', region: 'FR' }]);
  });

  it('M8: .well-known/git-mirrors of the host, asked for the URL of the remote', async () => {
    const asked: (string | null)[] = [];
    await using scene = await openLearningScene(
      documents((path, query) => {
        if (path !== '/.well-known/git-mirrors') return undefined;
        asked.push(query.get('url'));
        return { canonical: [], preferMirrors: 'now', mirrors: [{ url: 'https://m1.example/app.git' }] };
      }),
    );
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
    expect(asked).toEqual([scene.url]);
  });

  it('M6: asks once more by the URL that is valid there and known here', async () => {
    const asked: (string | null)[] = [];
    const valid = ['https://other.example/x.git', 'https://origin.example/app'];
    await using scene = await openLearningScene(
      documents((path, query) => {
        if (path !== '/.well-known/git-mirrors') return undefined;
        asked.push(query.get('url'));
        if (query.get('url') !== valid[1]) return { notFound: true, valid };
        return { canonical: [], preferMirrors: 'now', mirrors: [{ url: 'https://m1.example/app.git' }] };
      }),
    );
    await scene.client('config', 'remote.origin.canonicalUrl', 'https://ORIGIN.example/app.git');
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
    expect(asked).toEqual([scene.url, valid[1]]);
  });

  it('M6: a server that knows none of our URLs is asked once', async () => {
    let asked = 0;
    await using scene = await openLearningScene(
      documents((path) => {
        if (path !== '/.well-known/git-mirrors') return undefined;
        asked += 1;
        return { notFound: true, valid: ['https://other.example/x.git'] };
      }),
    );
    expect(urlsOf(await scene.learn())).toEqual([]);
    expect(asked).toBe(1);
  });
});

describe('learnMirrors from the repository itself', () => {
  const list = '# Europe\nhttps://m1.example/app.git region=DE\n\n  https://m2.example/app.git\nnonsense\next::date\n';

  it.each(['path', 'git-daemon', () => false, 'native'] as const)(
    'M8: refs/mirrors/* of an unmodified server: %s',
    async (server) => {
      await using scene = await openLearningScene(server);
      await scene.announce('refs/mirrors/europe', list);
      await scene.announce('refs/mirrors/asia', 'https://m3.example/app.git\n');
      const refs = await scene.client('for-each-ref');
      const objects = await scene.client('count-objects', '-v');
      expect((await scene.learn()).learned.mirrors).toEqual([
        { url: 'https://m3.example/app.git' },
        { url: 'https://m1.example/app.git', region: 'DE' },
        { url: 'https://m2.example/app.git' },
      ]);
      expect(urlsOf(await scene.read())).toHaveLength(3);
      // Nothing of it reaches the repository.
      expect(await scene.client('for-each-ref')).toBe(refs);
      expect(await scene.client('count-objects', '-v')).toBe(objects);
      expect(await readdir(`${scene.git.cwd}/.git`)).not.toContain('FETCH_HEAD');
    },
  );

  it('M8: of a repository with SHA-256, in a clone and outside of any', async () => {
    await using scene = await openLearningScene('path', 'sha256');
    await scene.announce('refs/mirrors/all', list);
    expect(urlsOf(await scene.learn())).toHaveLength(2);
    const outside = scene.git.with({ GIT_CEILING_DIRECTORIES: tmpdir() }, tmpdir());
    const mirrors = await readRemoteMirrors(outside, scene.url);
    expect(urlsOf(await scene.learn({ git: outside, remoteMirrors: mirrors }))).toHaveLength(2);
  });

  it("M8: goes by the settings of the user's repository", async () => {
    await using scene = await openLearningScene('path');
    await scene.announce('refs/mirrors/all', list);
    await scene.client('config', `url.${scene.origin.path}.insteadOf`, 'short:app');
    await scene.client('remote', 'set-url', 'origin', 'short:app');
    expect(urlsOf(await scene.learn())).toHaveLength(2);
  });

  it.each(gitVersions())('M8: with git $version, and when there is nothing', async ({ program }) => {
    await using scene = await openLearningScene('path');
    const path = program === 'git' ? process.env['PATH'] : `${dirname(program)}:${process.env['PATH'] ?? ''}`;
    const git = scene.git.with({ PATH: path });
    await scene.announce('refs/mirrors/all', list);
    expect(urlsOf(await scene.learn({ git }))).toHaveLength(2);
    await scene.origin.deleteRef('refs/mirrors/all');
    expect(urlsOf(await scene.learn({ git, refresh: true }))).toEqual([]);
  });

  it('M8: over ssh, whose server knows no mirrors', async () => {
    await using scene = await openLearningScene('path');
    await scene.announce('refs/mirrors/all', list);
    await scene.client('remote', 'set-url', 'origin', `ssh://host${scene.origin.path}`);
    // Does what the other end would.
    const ssh = `${scene.git.cwd}/ssh`;
    await writeFile(ssh, '#!/bin/sh\nfor word; do :; done\nexec sh -c "$word"\n', { mode: 0o755 });
    const git = scene.git.with({ GIT_SSH: ssh, GIT_SSH_VARIANT: 'ssh' });
    expect(urlsOf(await scene.learn({ git }))).toHaveLength(2);
    expect(scene.details[0]).toMatch(/command mirrors of ssh:.*: nothing$/);
  });

  it('M11: of a remote that is reached through mirror::', async () => {
    await using scene = await openLearningScene('path');
    await scene.announce('refs/mirrors/all', list);
    await scene.client('remote', 'set-url', 'origin', `mirror::${scene.origin.path}`);
    expect(urlsOf(await scene.learn())).toHaveLength(2);
  });

  it('M8: reads blobs alone, 64 KiB of each at most', async () => {
    await using scene = await openLearningScene('path');
    await scene.announce('refs/mirrors/large', `${'#'.repeat(70_000)}\nhttps://large.example/x\n`);
    await scene.origin.updateRef('refs/mirrors/commit', 'refs/heads/main');
    await scene.origin.git('tag', '-a', '-m', 'x', 'x', 'main');
    await scene.origin.updateRef('refs/mirrors/tag', 'refs/tags/x');
    await scene.announce('refs/mirrors/binary', 'https://binary.example/x\0\n');
    await scene.announce('refs/mirrors/small', 'https://m1.example/app.git\n');
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
  });
});

describe('learnMirrors from a hostile server', () => {
  const html: HttpMiddleware = (request, response) => {
    if (/info\/refs|upload-pack/.test(request.url ?? '')) return false;
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end('<html><body>Sign in</body></html>');
    return true;
  };

  it('passes over HTML', async () => {
    await using scene = await openLearningScene(html);
    await scene.announce('refs/mirrors/all', 'https://m1.example/app.git\n');
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
  });

  /** A server that says it knows the command, and answers it with `answer`; the rest is git's. */
  const withCommand =
    (answer: (response: ServerResponse) => void): HttpMiddleware =>
    (request, response) => {
      const url = request.url ?? '';
      if (url.includes('mirrors')) return false;
      if (request.method === 'GET' && request.headers['git-protocol'] === 'version=2') {
        const lines = ['version 2\n', 'ls-refs\n', 'fetch=shallow\n', 'object-format=sha1\n', 'mirrors=list\n'];
        response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-advertisement' });
        response.end(`${packet('# service=git-upload-pack\n')}0000${lines.map(packet).join('')}0000`);
        return true;
      }
      // Ours asks for nothing else; git asks in the same way for refs and packs.
      if (request.method !== 'POST' || !(request.headers['user-agent'] ?? '').startsWith('git-mirror')) return false;
      response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-result' });
      answer(response);
      return true;
    };
  const packet = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;

  it('leaves an answer to the command mirrors that has no end, and asks elsewhere', async () => {
    let sent = 0;
    await using scene = await openLearningScene(
      withCommand((response) => {
        const write = (): void => {
          while (!response.destroyed && response.write(packet(`mirror https://e${String((sent += 1))}.example/x\n`)));
        };
        response.on('drain', write);
        write();
      }),
    );
    await scene.announce('refs/mirrors/all', 'https://m1.example/app.git\n');
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
    expect(scene.details[0]).toContain('10000');
    expect(sent).toBeLessThan(1_000_000);
  });

  it.each([
    ['no packets', 'HTTP/1.1 nonsense'],
    ['an error', packet('ERR no\u001b[2J mirrors today')],
    ['half of an answer', packet('mirror https://half.example/x\n')],
    ['a delimiter', '0001'],
  ])('takes nothing from an answer to the command mirrors that is %s', async (_what, answer) => {
    await using scene = await openLearningScene(withCommand((response) => response.end(answer)));
    await scene.announce('refs/mirrors/all', 'https://m1.example/app.git\n');
    expect(urlsOf(await scene.learn())).toEqual(urls(1));
    expect(scene.details[0]).not.toContain('\u001b');
  });

  it('keeps 256 of 10,000 mirrors', async () => {
    const many = urls(10_000).map((url) => ({ url }));
    await using scene = await openLearningScene(
      documents((path) =>
        path === '/app.git/info/mirrors' ? { canonical: [], preferMirrors: 'always', mirrors: many } : undefined,
      ),
    );
    expect(urlsOf(await scene.learn())).toEqual(urls(256));
    expect(urlsOf(await scene.read())).toEqual(urls(256));
  });

  it('takes no URL that a server may not name', async () => {
    const bad = [
      'ext::sh -c date',
      '--upload-pack=date',
      'file:///etc',
      '/srv/app.git',
      'git@h:app.git',
      'https://me:secret@h/x',
      'https://h/\u001b[2J',
      'https://..',
      'git://@{-1}/x',
      'ssh://-oProxyCommand=date/x',
    ];
    await using scene = await openLearningScene(
      documents((path) =>
        path === '/app.git/info/mirrors'
          ? { canonical: bad, preferMirrors: 'now', mirrors: [...bad, ...urls(1)].map((url) => ({ url })) }
          : undefined,
      ),
    );
    const { learned } = await scene.learn();
    expect(learned.mirrors.map(({ url }) => url)).toEqual(urls(1));
    expect(learned.canonicalUrls).toEqual([]);
    expect(await scene.client('config', '--list')).not.toMatch(/ext::|secret|upload-pack/);
  });

  it('follows a cursor that leads in a circle no longer than it brings something new', async () => {
    let asked = 0;
    await using scene = await openLearningScene(
      documents((path) => {
        if (path !== '/app.git/info/mirrors') return undefined;
        asked += 1;
        const more = { count: 5, cursor: 'again' };
        return { canonical: [], preferMirrors: 'now', mirrors: urls(2).map((url) => ({ url })), more };
      }),
    );
    const first = await scene.learn();
    expect(first.learned.more?.cursor).toBe('again');
    expect(await scene.learnMore(first)).toBeUndefined();
    expect(asked).toBe(2);
    const stored = await scene.read();
    expect(stored.learned.more).toBeUndefined();
    expect(await scene.learnMore(stored)).toBeUndefined();
    expect(asked).toBe(2);
  });

  it('follows a cursor that always brings something new up to 256 mirrors', async () => {
    let next = 0;
    await using scene = await openLearningScene(
      documents((path) => {
        if (path !== '/app.git/info/mirrors') return undefined;
        const mirrors = Array.from({ length: 100 }, () => ({ url: `https://e${String((next += 1))}.example/x` }));
        return { canonical: [], preferMirrors: 'now', mirrors, more: { count: 9, cursor: String(next) } };
      }),
    );
    let known = await scene.learn();
    for (let more = await scene.learnMore(known); more !== undefined; more = await scene.learnMore(known)) known = more;
    expect(known.learned.mirrors).toHaveLength(256);
  });

  it('leaves an answer without end', async () => {
    const endless = (response: ServerResponse): void => {
      const line = `"${'x'.repeat(60_000)}",\n`;
      const write = (): void => {
        while (!response.destroyed && response.write(line));
      };
      response.on('drain', write);
      write();
    };
    await using scene = await openLearningScene((request: IncomingMessage, response) => {
      if (request.url?.includes('mirrors') !== true) return false;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{"mirrors":[');
      endless(response);
      return true;
    });
    expect(urlsOf(await scene.learn())).toEqual([]);
    expect(scene.details.join('\n')).toMatch(/longer than/);
  });
});

describe('learnMirrors from a server that fails', () => {
  it('keeps what was known, and asks again within the hour', async () => {
    let isDown = false;
    await using scene = await openLearningScene((request, response) => {
      if (!isDown && /info\/refs|upload-pack/.test(request.url ?? '')) return false;
      response.writeHead(isDown ? 503 : 404);
      response.end();
      return true;
    });
    await scene.announce('refs/mirrors/all', 'https://m1.example/app.git\n');
    await scene.learn();
    isDown = true;
    const kept = await scene.learn({ refresh: true });
    expect(urlsOf(kept)).toEqual(urls(1));
    const { learnedAtMs = 0 } = (await scene.read()).learned;
    const oldInMs = learnedAtMs + kept.listAgeMs - Date.now();
    expect(oldInMs).toBeLessThanOrEqual(3_600_000);
    expect(oldInMs).toBeGreaterThan(3_000_000);
  });

  it('ends with the reason of the signal, and stores nothing then', async () => {
    const controller = new AbortController();
    const reason = new Error('stop');
    await using scene = await openLearningScene(() => {
      controller.abort(reason);
      // No answer.
      return true;
    });
    await expect(scene.learn({ signal: controller.signal })).rejects.toBe(reason);
    expect((await scene.read()).learned.learnedAtMs).toBeUndefined();
  });

  it('says what is wrong with an origin that cannot be asked', async () => {
    await using scene = await openLearningScene('path');
    await scene.client('remote', 'set-url', 'origin', '/nowhere/app.git');
    expect(urlsOf(await scene.learn())).toEqual([]);
    expect(scene.details.join()).toContain('/nowhere/app.git');
  });
});
