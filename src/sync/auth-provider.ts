import type { AuthProvider, Endpoint, EndpointAuth, EndpointRole } from '../transport/endpoint.ts';

/** The same credentials for every source, and the same for every target. */
export class StaticAuthProvider implements AuthProvider {
  readonly source: EndpointAuth | undefined;
  readonly target: EndpointAuth | undefined;

  constructor(auth: { readonly source?: EndpointAuth | undefined; readonly target?: EndpointAuth | undefined }) {
    this.source = auth.source;
    this.target = auth.target;
  }

  authFor(_endpoint: Endpoint, role: EndpointRole): EndpointAuth | undefined {
    return role === 'source' ? this.source : this.target;
  }
}
