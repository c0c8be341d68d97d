/**
 * The part of the Standard Schema interface (standardschema.dev) that is used here: zod, valibot, arktype and
 * others implement it.
 */
export interface StandardSchema<Output> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

const ISSUES_SHOWN_MAX = 5;

/** `distance: expected number; carrier: too short` */
export function describeIssues(issues: readonly StandardIssue[]): string {
  const shown = issues.slice(0, ISSUES_SHOWN_MAX).map((issue) => {
    const path = (issue.path ?? [])
      .map((step) => String(typeof step === 'object' ? step.key : step))
      .join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  if (issues.length > ISSUES_SHOWN_MAX) shown.push(`and ${issues.length - ISSUES_SHOWN_MAX} more`);
  return shown.join('; ');
}
