import { chooseMirrors } from '../../mirror/choose/choose-mirrors.ts';
import { openGitProgram } from '../../mirror/git-program.ts';
import { learnMirrors } from '../../mirror/learn/learn-mirrors.ts';
import type { MirrorReporter } from '../../mirror/mirror-candidate.ts';
import { defaultRemote } from '../../mirror/settings/default-remote.ts';
import { readGitSettings } from '../../mirror/settings/git-settings.ts';
import { remoteMirrorsOf, type RemoteMirrors } from '../../mirror/settings/remote-mirrors.ts';
import { displayUrl } from '../../transport/display-url.ts';
import { comparableUrl } from '../../wire/mirrors/comparable-url.ts';
import { exitStatus } from '../exit-status.ts';
import type { Invocation } from '../invocation.ts';
import { textCleaner } from '../output/clean-text.ts';
import { Console } from '../output/console.ts';
import { renderMirrorList, type ListedMirror, type MirrorListDocument } from '../output/mirror-list-report.ts';

/** `git mirror list`. */
export async function runList(invocation: Invocation): Promise<number> {
  const { host, flags, operands, signal } = invocation;
  const git = openGitProgram(host.env, process.cwd());
  const settings = await readGitSettings(git);
  const remoteMirrors = remoteMirrorsOf(settings, operands[0] ?? (await defaultRemote(git, settings)));
  const learned = await learnMirrors({
    git,
    remoteMirrors,
    reporter: reporterFor(invocation),
    signal,
    refresh: flags.refresh,
  });
  const document = documentOf(learned);
  new Console(host, flags, []).writeResult(document, (report) => renderMirrorList(document, report));
  return exitStatus.done;
}

function reporterFor({ host, flags }: Invocation): MirrorReporter {
  const clean = textCleaner([]);
  const say = (line: string): void => void host.stderr.write(`git-mirror: ${clean(line)}\n`);
  return { note: say, detail: flags.verbose === true ? say : () => undefined };
}

function documentOf(mirrors: RemoteMirrors): MirrorListDocument {
  const { remote, url, canonicalUrls, userMirrors, preferredMirror, learned, useMirror, preferMirror } = mirrors;
  const chosen = chooseMirrors(mirrors, {}).map((mirror) => comparableUrl(mirror.url));
  const listed = new Map<string, ListedMirror>();
  const put = (mirror: Omit<ListedMirror, 'order' | 'preferred'>): void => {
    const place = comparableUrl(mirror.url);
    if (listed.has(place)) return;
    const at = chosen.indexOf(place);
    const preferred = preferredMirror !== undefined && comparableUrl(preferredMirror) === place;
    listed.set(place, { ...mirror, url: displayUrl(mirror.url), order: at < 0 ? null : at + 1, preferred });
  };
  const own = preferredMirror === undefined ? userMirrors : [...userMirrors, preferredMirror];
  const isLearned = new Set(learned.mirrors.map((entry) => comparableUrl(entry.url)));
  // What is merely preferred of the server's list is still the server's.
  for (const each of own.filter((text) => userMirrors.includes(text) || !isLearned.has(comparableUrl(text)))) {
    put({ url: each, from: 'user', region: null, stratum: null });
  }
  for (const { url: each, region = null, stratum = null } of learned.mirrors) {
    put({ url: each, from: 'origin', region, stratum });
  }
  const sorted = [...listed.values()].sort((left, right) => (left.order ?? Infinity) - (right.order ?? Infinity));
  return {
    remote: remote ?? null,
    url: displayUrl(url),
    canonicalUrls,
    useMirror,
    preferMirror: preferMirror ?? learned.prefer ?? null,
    learnedAt: learned.learnedAtMs === undefined ? null : new Date(learned.learnedAtMs).toISOString(),
    mirrors: sorted,
    more: learned.more?.count ?? 0,
  };
}
