/** `kd completion bash|zsh|fish`: generated from the program itself, so it is never out of date. */
import { Argument, type Command } from 'commander';
import type { CliIo } from '../io.js';
import { addExample } from '../options.js';

export function register(program: Command, io: CliIo): void {
  const command = program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .action((shell: string) => {
      io.stdout.write(script(shell, program));
    });
  addExample(
    command,
    'source <(kd completion bash)',
    'kd completion zsh > "${fpath[1]}/_kd"',
    'kd completion fish > ~/.config/fish/completions/kd.fish',
  );
}

interface Verb {
  readonly words: readonly string[];
  readonly description: string;
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly takesValue: boolean;
    readonly choices: readonly string[];
    readonly description: string;
  }[];
}

const NAMES = ['kd', 'kafka-dispatcher'];
const FILE_OPTIONS = ['-c', '--config', '--command-config', '--password-file', '--progress-file'];

function script(shell: string, program: Command): string {
  const verbs = verbsOf(program);
  if (shell === 'fish') return fish(verbs);
  // zsh runs bash's completions through its own compatibility layer.
  return shell === 'zsh'
    ? `#compdef ${NAMES.join(' ')}\nautoload -U +X bashcompinit && bashcompinit\n${bash(verbs)}`
    : bash(verbs);
}

function verbsOf(program: Command): readonly Verb[] {
  const verbs: Verb[] = [];
  const visit = (command: Command, words: readonly string[], inherited: Verb['options']): void => {
    const own = command.options.map((option) => ({
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
      description: option.description,
    }));
    const options = [...inherited, ...own];
    verbs.push({ words, description: command.description(), options });
    for (const child of command.commands) visit(child, [...words, child.name()], options);
  };
  visit(program, [], [{ flags: ['-h', '--help'], takesValue: false, choices: [], description: 'help' }]);
  return verbs;
}

function bash(verbs: readonly Verb[]): string {
  const cases = verbs.map((verb) => {
    const next = verbs.filter(
      (other) =>
        other.words.length === verb.words.length + 1 &&
        verb.words.every((word, index) => other.words[index] === word),
    );
    const words = [
      ...next.map((other) => other.words.at(-1) ?? ''),
      ...verb.options.flatMap((option) => option.flags),
    ];
    return `    '${verb.words.join(' ')}') words='${words.join(' ')}' ;;`;
  });
  const known = verbs.filter((verb) => verb.words.length > 0).map((verb) => `'${verb.words.join(' ')}'`);
  const choices = verbs[0]?.options.filter((option) => option.choices.length > 0) ?? [];
  const choiceCases = choices.map(
    ({ flags, choices: words }) =>
      `    ${flags.join('|')}) COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current")); return ;;`,
  );
  return `_kd() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local path='' word candidate words=''
  case $previous in
    ${FILE_OPTIONS.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
${choiceCases.join('\n')}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    for candidate in ${known.join(' ')}; do
      [[ "\${path:+$path }$word" == "$candidate" ]] && path=$candidate && break
    done
  done
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -o filenames -F _kd ${NAMES.join(' ')}
`;
}

function fish(verbs: readonly Verb[]): string {
  const quote = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
  const lines: string[] = [];
  for (const name of NAMES) {
    for (const verb of verbs) {
      const parent = verb.words.slice(0, -1);
      const children = verbs
        .filter(
          (other) =>
            other.words.length === verb.words.length &&
            parent.every((word, index) => other.words[index] === word),
        )
        .map((other) => other.words.at(-1) ?? '');
      const seen = parent.map((word) => `__fish_seen_subcommand_from ${word}; and `).join('');
      const last = verb.words.at(-1);
      if (last !== undefined)
        lines.push(
          `complete -c ${name} -f -n ` +
            `${quote(`${seen}not __fish_seen_subcommand_from ${children.join(' ')}`)} -a ${last} -d ` +
            `${quote(verb.description)}`,
        );
      const when =
        verb.words.length === 0
          ? ''
          : ` -n ${quote(verb.words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and '))}`;
      const inherited = verb.words.length === 0 ? [] : (verbs[0]?.options ?? []);
      for (const option of verb.options.filter((candidate) => !inherited.includes(candidate)))
        lines.push(`complete -c ${name}${when}${fishOption(option, quote)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function fishOption(option: Verb['options'][number], quote: (text: string) => string): string {
  const flags = option.flags
    .map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
    .join('');
  const isFile = option.flags.some((flag) => FILE_OPTIONS.includes(flag));
  const value = !option.takesValue
    ? ''
    : option.choices.length > 0
      ? ` -x -a ${quote(option.choices.join(' '))}`
      : isFile
        ? ' -r -F'
        : ' -x';
  return `${flags}${value} -d ${quote(option.description)}`;
}
