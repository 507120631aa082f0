import type { CommandSpec } from './command-spec.ts';

/** `git mirror completion`. */
export const completionCommand: CommandSpec = {
  name: 'completion',
  summary: 'write a completion script for a shell',
  description:
    'Writes a script that completes git-mirror and `git mirror` to standard output. bash: put ' +
    '`source <(git-mirror completion bash)` into ~/.bashrc, after the completion of git itself. zsh: ' +
    '`git-mirror completion zsh > "${fpath[1]}/_git-mirror"`. fish: ' +
    'put `git-mirror completion fish | source` into ~/.config/fish/config.fish.',
  arguments: [{ term: '<shell>', description: 'the shell', choices: ['bash', 'zsh', 'fish'] }],
  flagGroups: [],
  examples: [{ command: 'completion bash', purpose: 'the script for bash' }],
  exitStatus: ['0  done', '2  wrong usage'],
  load: async () => (await import('../actions/write-completion.ts')).writeCompletion,
};
