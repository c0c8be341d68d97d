/** Where a client's OAUTHBEARER tokens come from. */
export type TokenSource = {
  /** Called with every token, since a token is a secret that no configuration holds. */
  readonly obtained?: (token: string) => void;
} & (
  | {
      readonly kind: 'msk-iam';
      readonly region?: string;
      readonly profile?: string;
      readonly roleArn?: string;
      readonly roleSessionName?: string;
    }
  /**
   * Absolute path of a module; its default export: `async ({ signal }) => ({ token, expiryTime })`,
   * expiryTime in ms since 1970.
   */
  | { readonly kind: 'module'; readonly path: string }
);
