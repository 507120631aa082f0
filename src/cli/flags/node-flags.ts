import { Flag, type FlagGroup } from './flag.ts';
import { parseDuration, parseListen, parseText, type ListenFlag } from './flag-values.ts';

/** Values of {@link nodeFlags}. */
export interface NodeFlags {
  readonly data?: string;
  readonly listen?: ListenFlag;
  /** Milliseconds. */
  readonly interval?: number;
  readonly once?: boolean;
  readonly announce?: boolean;
  readonly advertiseMirrors?: boolean;
}

const group = 'Node:';

/** What a node keeps where, and how it serves it. */
export const nodeFlags: FlagGroup = () => [
  new Flag('--data <path>', 'folder for the copies (default: ~/.local/share/git-mirror)', { parse: parseText, group }),
  new Flag('--listen <address>', 'port, host:port or [ipv6]:port to serve at (default: 127.0.0.1:8418)', {
    parse: parseListen,
    group,
  }),
  new Flag('--interval <time>', 'time between two syncs of a repository: 30s, 5m, 1h (default: 60s)', {
    parse: parseDuration,
    group,
  }),
  new Flag('--announce', 'tell each upstream that its copy here is a mirror; needs --public-url', { group }),
  new Flag('--advertise-mirrors', 'set mirror.advertise in each copy: clients are told of its mirrors', { group }),
  new Flag('--once', 'sync every repository once, serve nothing, and end', { group }),
];
