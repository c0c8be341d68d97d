/** The names of jobs, and of the consumer group that a job works as. */

export const JOB_NAME_CHARACTERS_MAX = 100;
const NAME = /^[A-Za-z0-9._-]+$/;

/** Why a text can't be the name of a job; undefined if it can. */
export function jobNameFault(name: string): string | undefined {
  const shown = JSON.stringify(name.slice(0, JOB_NAME_CHARACTERS_MAX));
  if (!NAME.test(name)) return `${shown} is not a job name: use letters, digits, . _ and -`;
  if (name.length > JOB_NAME_CHARACTERS_MAX)
    return `the name of a job has ${JOB_NAME_CHARACTERS_MAX} characters at most, not ${name.length}`;
  return undefined;
}

export function jobGroup(groupId: string, name: string): string {
  return `${groupId}.job.${name}`;
}
