import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectFormat } from '../../src/core/object-id.ts';
import type { GitVersion } from '../git-versions.ts';
import { Repository } from '../repositories/repository.ts';
import type { BackendName } from '../servers/backends.ts';
import type { GitServer, RecordedExchange } from '../servers/git-server.ts';
import { ClientGit } from './client-git.ts';
import { readClientState } from './client-state.ts';
import { ObjectLabels } from './object-labels.ts';
import { finalProgress, normalisePackets } from './packet-trace.ts';
import { describeExchange } from './response-trace.ts';
import type { RawRequestOptions, Scenario, ScenarioScene } from './scenario.ts';

/** One way of running a scenario. */
export interface Variant {
  readonly client: GitVersion;
  readonly protocol: number;
  readonly format: ObjectFormat;
}

/** Everything that could be seen of one run, by section, ready to be compared line by line. */
export type Observation = ReadonlyMap<string, readonly string[]>;

/** An observation, and the names of the objects in it. */
export interface ObservedRun {
  readonly observation: Observation;
  readonly learnLabels: () => Promise<ObjectLabels>;
}

/** What serves a run: one server for a backend, and the exchanges it has recorded since it was last asked. */
export interface ServingSide {
  readonly backend: BackendName;
  readonly server: GitServer;
  /** Folder it serves. */
  readonly root: string;
  takeExchanges(): Promise<readonly RecordedExchange[]>;
  /** A name that no run has had: what a server remembers of one must not help it with the next. */
  nextRun(): string;
}

/** Runs the scenario against one side. `template` holds the repositories as the scenario prepared them. */
export async function observe(
  scenario: Scenario,
  variant: Variant,
  side: ServingSide,
  template: string,
  scratch: string,
): Promise<ObservedRun> {
  const runName = side.nextRun();
  const served = join(side.root, runName);
  await rm(scratch, { recursive: true, force: true });
  await cp(template, served, { recursive: true, verbatimSymlinks: true });
  await mkdir(scratch, { recursive: true });
  await side.takeExchanges();
  const client = new ClientGit(scratch, variant.client, variant.protocol);
  const scene = makeScene(variant, `${side.server.url}${runName}/`, served, client);
  await scenario.run(scene);
  const exchanges = await side.takeExchanges();
  const state = await readClientState(scratch);

  const clean = (text: string): string => {
    const local = text.replaceAll(side.server.url, 'http://server/').replaceAll(scratch, '/client');
    const named = local.replaceAll(`127.0.0.1:${side.server.port}`, 'server').replaceAll(served, '/served');
    return named.replaceAll(`/${runName}/`, '/run/');
  };
  const observation = new Map<string, readonly string[]>();
  for (const [index, step] of client.steps.entries()) {
    const title = clean(`${index + 1} ${step.words.join(' ')}`);
    // Programs that live at the same time are in the order of their names, not of their starting.
    for (const program of [...step.trace.keys()].sort()) {
      const all = normalisePackets(step.trace.get(program) ?? []).map(clean);
      // Two processes of the HTTP helper's side go by the name of git, and write in any order.
      const lines = program === 'git' ? all.toSorted((left, right) => left.charCodeAt(0) - right.charCodeAt(0)) : all;
      observation.set(`packets of ${program}, ${title}`, lines);
    }
    observation.set(`status, ${title}`, [String(step.status)]);
    observation.set(`output, ${title}`, clean(step.stdout).split('\n'));
    observation.set(`messages, ${title}`, messagesOf(step.stderr).map(clean));
  }
  for (const [index, exchange] of exchanges.entries()) {
    observation.set(`answer ${index + 1}`, describeExchange(exchange).map(clean));
  }
  for (const [name, lines] of Object.entries(state)) observation.set(name, lines.map(clean));
  const learnLabels = async (): Promise<ObjectLabels> => {
    const labels = new ObjectLabels();
    for (const name of await repositoryNames(served)) await labels.learn(join(served, name));
    for (const path of repositoryPaths(state, scratch)) await labels.learn(path);
    return labels;
  };
  return { observation, learnLabels };
}

function makeScene(variant: Variant, base: string, served: string, client: ClientGit): ScenarioScene {
  const repositories = new Map<string, Repository>();
  const url = (name = 'repo'): string => `${base}${name}.git`;
  return {
    format: variant.format,
    protocol: variant.protocol,
    url,
    served(name = 'repo') {
      let repository = repositories.get(name);
      if (repository === undefined) {
        repository = new Repository(join(served, `${name}.git`));
        repositories.set(name, repository);
      }
      return repository;
    },
    git: (words, options) => client.run(words, options),
    work: (words, options) => client.run(['-C', 'work', ...words], options),
    post: (packets, options) => post(`${url(options?.name)}/git-upload-pack`, packets, options),
    async write(path, text) {
      await mkdir(dirname(join(client.folder, path)), { recursive: true });
      await writeFile(join(client.folder, path), text);
    },
  };
}

/** Numbers below 4 are the special packets. */
async function post(
  url: string,
  packets: readonly (string | number)[],
  { gitProtocol = 'version=2' }: RawRequestOptions = {},
): Promise<void> {
  const encoded = packets.map((packet) => {
    if (typeof packet === 'number') return Buffer.from(`000${packet}`);
    const content = Buffer.from(packet);
    return Buffer.concat([Buffer.from((content.length + 4).toString(16).padStart(4, '0')), content]);
  });
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-git-upload-pack-request',
      accept: 'application/x-git-upload-pack-result',
      ...(gitProtocol === '' ? {} : { 'git-protocol': gitProtocol }),
    },
    body: Buffer.concat(encoded),
  });
  // The server's side of it has been recorded; a connection that was cut is part of that.
  await answer.arrayBuffer().catch(() => undefined);
}

/** What the client printed for its user, without progress of its own, whose numbers depend on time. */
function messagesOf(stderr: string): readonly string[] {
  const remote: string[] = [];
  const own: string[] = [];
  for (const part of stderr.split(/[\r\n]+/)) {
    const line = part.replace(/\u001b\[K/g, '').trimEnd();
    if (line.startsWith('remote: ')) remote.push(...finalProgress(line.slice(8)).map((text) => `remote: ${text}`));
    else if (!/^(?:Receiving objects|Resolving deltas|Updating files|Unpacking objects|Filtering content):/.test(line))
      own.push(line);
  }
  return [...remote, ...own].filter((line) => line !== '');
}

function repositoryPaths(state: object, folder: string): readonly string[] {
  const names = Object.keys(state).map((section) => section.replace(/: [^:]*$/, ''));
  return [...new Set(names)].map((name) => join(folder, name));
}

async function repositoryNames(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.git')).sort();
}
