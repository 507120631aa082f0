import { mirrorsCommandSource } from './ask-command.ts';
import { hostDocumentSource, repositoryDocumentSource } from './ask-document.ts';
import { repositorySource } from './ask-repository.ts';
import type { ListSource } from './list-source.ts';

/** Who may know of mirrors, in the order in which they are asked. Servers come first; the first who says something is believed. */
export const sources: readonly ListSource[] = [
  mirrorsCommandSource,
  repositoryDocumentSource,
  hostDocumentSource,
  repositorySource,
];

/** Where a cursor means something. */
export const pagedSources: readonly ListSource[] = sources.filter((source) => source !== repositorySource);
