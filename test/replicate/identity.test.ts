import { describe, expect, test } from 'vitest';
import { version } from '../../src/core/version.ts';
import { openStage } from './stage.ts';

describe('R16 identity', () => {
  test.each(['v2', 'v1'] as const)(
    'R16 identity: user agent and agent= are git-mirror/<version>, in %s',
    async (protocol) => {
      await using stage = await openStage();
      await stage.client.sync({ ...stage.ends, policy: { protocol } });
      expect(stage.backend.requests.length).toBeGreaterThanOrEqual(4);
      for (const { headers } of stage.backend.requests) expect(headers['user-agent']).toBe(`git-mirror/${version}`);
      const lines = (await stage.serverTrace()).split('\n');
      const pattern = new RegExp(`agent=git-mirror/${version.replaceAll('.', '\\.')}(?: |$)`);
      const told = (program: string): readonly string[] =>
        lines.filter((line) => line.includes(` ${program}< `) && pattern.test(line));
      // ls-refs and fetch in version 2; the first want in version 1.
      expect(told('upload-pack')).toHaveLength(protocol === 'v2' ? 2 : 1);
      expect(told('receive-pack')).toHaveLength(1);
    },
  );

  test('R16 identity: an embedder names itself in front', async () => {
    await using stage = await openStage({ client: { userAgentPrefix: 'moving-van/3 (test)' } });
    await stage.client.sync(stage.ends);
    for (const { headers } of stage.backend.requests) {
      expect(headers['user-agent']).toBe(`moving-van/3 (test) git-mirror/${version}`);
    }
    expect(await stage.serverTrace()).toContain(`agent=moving-van/3.(test).git-mirror/${version}`);
  });
});
