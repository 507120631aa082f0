import { expect, test } from 'vitest';
import type { Action, ExecutionSummary, RefResult, SyncResult, TargetResult } from '../../sync/result.ts';
import { textCleaner } from './clean-text.ts';
import { maxListedRefs } from './ref-table.ts';
import type { ReportSettings } from './report-settings.ts';
import { colourPaint, noPaint } from './style.ts';
import { renderSyncReport } from './sync-report.ts';

const oldHash = '1a2b3c4'.padEnd(40, '0');
const newHash = '5d6e7f8'.padEnd(40, '0');
const plain: ReportSettings = { paint: noPaint, clean: textCleaner([]), verbose: false };

function ref(action: Action, name: string, reason: string, more: Partial<RefResult> = {}): RefResult {
  const full = name.startsWith('refs/') ? name : `refs/heads/${name}`;
  return {
    branch: name,
    sourceRef: action === 'delete' ? '' : full,
    targetRef: full,
    sourceHash: action === 'delete' ? '' : newHash,
    targetHash: action === 'create' ? '' : action === 'skip' ? newHash : oldHash,
    kind: full.startsWith('refs/tags/') ? 'tag' : 'branch',
    action,
    reason,
    ...more,
  };
}

const execution: ExecutionSummary = {
  dryRun: false,
  protocol: 'v2',
  operationMode: 'sync',
  relay: true,
  transferMode: 'incremental',
  reason: 'fast-forwards only',
  bootstrapSuggested: false,
  sourceHead: 'refs/heads/main',
  batch: { enabled: false, planned: 0, done: 0 },
};

function target(refs: readonly RefResult[], more: Partial<TargetResult> = {}): TargetResult {
  const count = (...actions: Action[]) => refs.filter(({ action }) => actions.includes(action)).length;
  return {
    targetUrl: 'https://two.example/app.git',
    refs,
    counts: {
      applied: count('create', 'update'),
      skipped: count('skip'),
      blocked: count('block'),
      deleted: count('delete'),
      warned: count('warn'),
    },
    execution,
    ...more,
  };
}

function result(first: TargetResult, more: Partial<SyncResult> = {}): SyncResult {
  return {
    ...first,
    sourceUrl: 'https://one.example/app.git',
    stats: { enabled: false, items: {}, sides: [], elapsedMs: 0 },
    measurement: { enabled: false, elapsedMillis: 1240, peakHeapBytes: 0, peakRssBytes: 0 },
    ...more,
  };
}

test('a sync with something of everything', () => {
  const refs = [
    ref('update', 'main', 'fast-forward'),
    ref('create', 'feature/分支', 'not on the target yet'),
    ref('create', 'refs/tags/v1', 'not on the target yet'),
    ref('create', 'release/1', 'not on the target yet', { sourceRef: 'refs/heads/main' }),
    ref('create', 'refs/notes/commits', 'not on the target yet', { kind: 'other' }),
    ref('delete', 'gone', 'not on the source any more'),
    ref('skip', 'one', 'up to date'),
    ref('skip', 'two', 'up to date'),
  ];
  expect(renderSyncReport(result(target(refs)), plain).join('\n')).toMatchInlineSnapshot(`
    "Source  https://one.example/app.git  protocol v2, HEAD main
    Target  https://two.example/app.git

    ACTION  REF                 CHANGE            REASON
    update  main                1a2b3c4..5d6e7f8  fast-forward
    create  feature/分支        5d6e7f8           not on the target yet
    create  tags/v1             5d6e7f8           not on the target yet
    create  main → release/1    5d6e7f8           not on the target yet
    create  refs/notes/commits  5d6e7f8           not on the target yet
    delete  gone                1a2b3c4           not on the source any more
    2 branches skipped: up to date

    Objects: incremental; fast-forwards only
    Done: 4 created, 1 updated, 1 deleted, 2 skipped.
    Took 1.24 s."
  `);
});

test('verbose shows refs that are left alone, too', () => {
  const lines = renderSyncReport(result(target([ref('skip', 'one', 'up to date')])), { ...plain, verbose: true });
  expect(lines).toContain('skip    one  5d6e7f8  up to date');
});

test('nothing to do', () => {
  const only = target([ref('skip', 'one', 'up to date')], { execution: { ...execution, transferMode: 'none' } });
  expect(renderSyncReport(result(only), plain).slice(2)).toEqual([
    '',
    '1 branch skipped: up to date',
    '',
    'Nothing to do: 1 skipped.',
    'Took 1.24 s.',
  ]);
  const none = target([], { execution: { ...execution, transferMode: 'none' } });
  expect(renderSyncReport(result(none), plain)).toContain('Nothing to do: no refs in scope.');
});

test('blocked refs', () => {
  const refs = [ref('block', 'dev', 'not a fast-forward; force it to overwrite the target'), ref('create', 'x', 'new')];
  const blocked = target(refs, {
    counts: { applied: 0, skipped: 0, blocked: 1, deleted: 0, warned: 0 },
    execution: { ...execution, transferMode: 'none' },
  });
  expect(renderSyncReport(result(blocked), plain)).toContain(
    'Blocked: 1 ref; nothing was pushed. The reasons say what would allow it.',
  );
  const plan = { ...blocked, execution: { ...execution, dryRun: true } };
  expect(renderSyncReport(result(plan), plain).join('\n')).toContain('nothing would be pushed');
});

test('a plan, and refs that the target refused', () => {
  const planned = target([ref('create', 'main', 'new')], { execution: { ...execution, dryRun: true } });
  expect(renderSyncReport(result(planned), plain)).toContain('Plan: 1 to create. Nothing was pushed.');
  const warned = target([ref('warn', 'refs/pull/1/head', 'deny updating a hidden ref')]);
  expect(renderSyncReport(result(warned), plain)).toContain('Done, with warnings: 1 refused by the target.');
});

test('batches are counted', () => {
  const batched = target([ref('create', 'main', 'new')], {
    execution: { ...execution, transferMode: 'batched', reason: '', batch: { enabled: true, planned: 5, done: 5 } },
  });
  expect(renderSyncReport(result(batched), plain)).toContain('Objects: batched, 5 of 5 batches');
});

test('several targets, one of them dead', () => {
  const dead = target([], {
    targetUrl: 'https://three.example/app.git',
    error: { code: 'GM_NETWORK', message: 'The connection was refused.', retryable: true, details: {} },
  });
  const good = target([ref('create', 'main', 'new')]);
  const blocked = target([ref('block', 'main', 'diverged')], { targetUrl: '/srv/four.git' });
  const lines = renderSyncReport(result(good, { targets: [good, dead, blocked] }), plain);
  expect(lines.join('\n')).toContain(
    'Target  https://three.example/app.git\n\nFailed: The connection was refused. (GM_NETWORK)\n',
  );
  expect(lines).toContain('1 of 3 targets done, 1 blocked, 1 failed.');
});

test('many refs are summed up, but those that need attention are listed', () => {
  const many = Array.from({ length: maxListedRefs + 1 }, (_unused, index) => ref('create', `b${index}`, 'new'));
  const lines = renderSyncReport(result(target([...many, ref('warn', 'odd', 'refused')])), plain);
  expect(lines).toContain(`create  ${maxListedRefs + 1} branches                    new`);
  expect(lines).toContain('warn    odd           1a2b3c4..5d6e7f8  refused');
  expect(lines.length).toBeLessThan(20);
  const all = renderSyncReport(result(target(many)), { ...plain, verbose: true });
  expect(all.length).toBeGreaterThan(maxListedRefs);

  const refused = many.map((one) => ({ ...one, action: 'warn' as const }));
  expect(renderSyncReport(result(target(refused)), plain)).toContain(
    '… and 1 more like these; --verbose shows every ref',
  );
});

test('a narrow terminal shortens names, nothing else', () => {
  const long = ref('create', `topic/${'x'.repeat(80)}/end`, 'new');
  const narrow = renderSyncReport(result(target([long])), { ...plain, columns: 60 });
  const row = narrow.find((line) => line.startsWith('create'));
  expect(row).toBe(`create  topic/${'x'.repeat(11)}…${'x'.repeat(13)}/end  5d6e7f8  new`);
  expect(narrow.find((line) => line.startsWith('ACTION'))).toHaveLength(60);
  const wide = renderSyncReport(result(target([long])), plain);
  expect(wide.join('\n')).toContain(long.branch);
});

test('what the other side says cannot act on the terminal, and secrets are gone', () => {
  const evil = ref(
    'warn',
    'main',
    'no \u001b[31mred\u001b[0m\u0007 at https://u:pw@host/ for s3cret-token\r\nnext\u202e',
  );
  const text = renderSyncReport(result(target([evil])), { ...plain, clean: textCleaner(['s3cret-token']) }).join('\n');
  expect(text).toContain('no red? at https://host/ for *** next?');
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|pw|s3cret/);
});

test('colours stand around cells and leave the columns aligned', () => {
  const lines = renderSyncReport(result(target([ref('update', 'main', 'x')])), { ...plain, paint: colourPaint });
  const row = lines.find((line) => line.includes('update')) ?? '';
  expect(row).toContain('\u001b[36mupdate\u001b[39m  main  \u001b[2m1a2b3c4..5d6e7f8\u001b[22m  x');
});

test('traffic and memory are shown when they were measured', () => {
  const lines = renderSyncReport(
    result(target([]), {
      stats: {
        enabled: true,
        elapsedMs: 10,
        items: {
          'source git-upload-pack': {
            name: 'source git-upload-pack',
            requests: 3,
            requestBytes: 512,
            responseBytes: 1_270_000,
            wants: 4,
            haves: 1200,
            commands: 0,
          },
        },
        sides: [{ label: 'source', bytes: 1_048_576, activeMs: 500, bytesPerSecond: 2_097_152 }],
      },
      measurement: { enabled: true, elapsedMillis: 1240, peakHeapBytes: 40_000_000, peakRssBytes: 90_000_000 },
    }),
    plain,
  );
  expect(lines.slice(lines.indexOf('Took 1.24 s.') + 1).join('\n')).toMatchInlineSnapshot(`
    "
    SERVICE                 REQUESTS   SENT  RECEIVED  WANTS  HAVES  COMMANDS
    source git-upload-pack         3  512 B  1.21 MiB      4  1,200         0

    PACK BYTES     BYTES  ACTIVE        RATE
    source      1.00 MiB  500 ms  2.00 MiB/s

    Elapsed 1.24 s, peak heap 38.15 MiB, peak resident memory 85.83 MiB."
  `);
});
