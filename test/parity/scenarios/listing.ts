import { makeEmpty, makeStandard } from '../served-repositories.ts';
import type { Scenario } from '../scenario.ts';

type Prepare = Scenario['prepare'];

const standard: Prepare = async (root, format) => {
  await makeStandard(root, format);
};

function lsRemote(name: string, words: readonly string[], more: Partial<Scenario> = {}): Scenario {
  return {
    name: `ls-remote/${name}`,
    prepare: standard,
    run: async (scene) => {
      await scene.git(['ls-remote', ...words.map((word) => (word === 'URL' ? scene.url() : word))]);
    },
    ...more,
  };
}

/** `git ls-remote`, with each of its flags and every kind of repository. */
export const listing: readonly Scenario[] = [
  lsRemote('plain', ['URL']),
  lsRemote('heads', ['--heads', 'URL']),
  lsRemote('tags', ['--tags', 'URL']),
  lsRemote('heads-and-tags', ['--heads', '--tags', 'URL']),
  lsRemote('refs', ['--refs', 'URL']),
  lsRemote('symref', ['--symref', 'URL']),
  lsRemote('symref-head', ['--symref', 'URL', 'HEAD']),
  lsRemote('pattern', ['URL', 'topic', 'v*']),
  lsRemote('full-name', ['URL', 'refs/heads/main']),
  lsRemote('nothing-matches', ['--exit-code', 'URL', 'no-such-ref']),
  lsRemote('quiet-and-sorted', ['--quiet', '--sort=-version:refname', 'URL']),
  lsRemote('upload-pack-program', ['--upload-pack=git-upload-pack', 'URL']),
  lsRemote('server-option', ['-o', 'one', '--server-option=two=2', 'URL']),
  lsRemote('missing-repository', ['http://127.0.0.1:1/never'], {
    run: async (scene) => {
      await scene.git(['ls-remote', scene.url('nowhere')]);
    },
  }),
  lsRemote('empty', ['URL'], {
    prepare: async (root, format) => {
      await makeEmpty(root, format);
    },
  }),
  lsRemote('detached-head', ['--symref', 'URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('update-ref', '--no-deref', 'HEAD', 'main~3');
    },
  }),
  lsRemote('unborn-head', ['--symref', 'URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('symbolic-ref', 'HEAD', 'refs/heads/not-yet');
    },
  }),
  lsRemote('symbolic-refs', ['--symref', 'URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/topic');
      await repository.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/gone');
      await repository.git('symbolic-ref', 'refs/tags/alias', 'refs/tags/v1');
    },
  }),
  lsRemote('packed-and-loose', ['URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.git('pack-refs', '--all');
      await repository.updateRef('refs/heads/topic', 'main~2');
      await repository.updateRef('refs/heads/loose', 'main');
      await repository.deleteRef('refs/heads/old/base');
    },
  }),
  lsRemote('odd-names', ['URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      for (const name of ['heads/Grüße', 'heads/a.b+c@d', 'notes/commits', 'changes/01/1/meta', 'stash']) {
        await repository.updateRef(`refs/${name}`, 'main');
      }
    },
  }),
  lsRemote('hidden', ['URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.updateRef('refs/internal/one', 'main~1');
      await repository.updateRef('refs/internal/shown', 'main~2');
      await repository.updateRef('refs/heads/secret', 'main~4');
      await repository.git('config', '--add', 'transfer.hideRefs', 'refs/internal');
      await repository.git('config', '--add', 'uploadpack.hideRefs', '!refs/internal/shown');
      await repository.git('config', '--add', 'uploadpack.hideRefs', 'refs/heads/secret');
      await repository.git('config', '--add', 'receive.hideRefs', 'refs/heads/topic');
    },
  }),
  lsRemote('all-hidden', ['URL'], {
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.configure('uploadpack.hideRefs', 'refs');
    },
  }),
  lsRemote('unborn-ignored', ['--symref', 'URL'], {
    prepare: async (root, format) => {
      await makeEmpty(root, format, { 'lsrefs.unborn': 'ignore' });
    },
  }),
  lsRemote('everything-advertised', ['URL'], {
    prepare: async (root, format) => {
      await makeStandard(root, format, {
        'uploadpack.allowFilter': 'true',
        'uploadpack.allowRefInWant': 'true',
        'uploadpack.allowSidebandAll': 'true',
        'uploadpack.allowAnySHA1InWant': 'true',
        'transfer.advertiseSID': 'true',
        'transfer.advertiseObjectInfo': 'true',
        'uploadpack.advertiseBundleURIs': 'true',
      });
    },
  }),
  lsRemote('tip-and-reachable', ['URL'], {
    prepare: async (root, format) => {
      await makeStandard(root, format, {
        'uploadpack.allowTipSHA1InWant': 'true',
        'uploadpack.allowReachableSHA1InWant': 'true',
        'lsrefs.unborn': 'allow',
      });
    },
  }),
  lsRemote('nothing-advertised', ['URL'], {
    prepare: async (root, format) => {
      await makeStandard(root, format, { 'lsrefs.unborn': 'ignore', 'uploadpack.allowFilter': 'false' });
    },
  }),
  {
    name: 'ls-remote/namespace',
    prepare: async (root, format) => {
      const repository = await makeStandard(root, format);
      await repository.updateRef('refs/namespaces/one/refs/heads/main', 'main~2');
      await repository.updateRef('refs/namespaces/one/refs/tags/t', 'v1');
      await repository.git('symbolic-ref', 'refs/namespaces/one/HEAD', 'refs/namespaces/one/refs/heads/main');
      await repository.git('config', '--add', 'transfer.hideRefs', 'refs/tags');
    },
    run: async (scene) => {
      await scene.git(['ls-remote', '--symref', scene.url()]);
    },
    namespace: 'one',
  },
];
