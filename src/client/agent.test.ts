import { expect, test } from 'vitest';
import { agentCapability } from './agent.ts';

test('a user agent as a capability holds no blanks and nothing but printable ASCII', () => {
  expect(agentCapability('git-mirror/1.2')).toBe('agent=git-mirror/1.2');
  expect(agentCapability('my worker (é)\n git-mirror/1.2')).toBe('agent=my.worker.(.)..git-mirror/1.2');
});
