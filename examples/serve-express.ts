/** Serves the repositories of a folder below `/git/` of an Express application that does more than that. */
import express, { type Express } from 'express';
import { createGitHandler, type GitHandler } from 'git-mirror/server';

/** The application, and the handler to be closed behind its server. */
export function buildApp(root: string): { readonly app: Express; readonly handler: GitHandler } {
  const handler = createGitHandler({ root, exportAll: true });
  const app = express();
  app.get('/', (_request, response) => {
    response.send('This is not a repository.');
  });
  // Express takes `/git` off the URL. No body parser may stand in front: bodies of Git requests are streams.
  app.use('/git', handler);
  return { app, handler };
}
