// `tidewheel completion bash|zsh|fish`: a script made of the commands themselves, so it cannot lag behind them.

import { Argument, Command, type Option } from 'commander';
import type { CommandLine } from './command-line.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function completionCommand(cli: CommandLine, program: () => Command): Command {
  return new Command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      '\nFor bash:  source <(tidewheel completion bash)\nFor zsh:   source <(tidewheel completion zsh)\nFor fish:  tidewheel completion fish | source',
    )
    .action((shell: Shell) => {
      const places = collect(program());
      cli.terminal.out({ bash: bashScript, zsh: zshScript, fish: fishScript }[shell](places));
    });
}

/** One place in the tree of commands: `run list`, what may follow it and which options take which values. */
interface Place {
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly help: string }[];
  readonly options: readonly Option[];
  /** Words for the first argument, when it has a fixed set. */
  readonly choices: readonly string[];
}

function collect(command: Command, path = ''): Place[] {
  const commands = command.commands.filter((child) => !isHidden(child));
  const here: Place = {
    path,
    commands: commands.map((child) => ({ name: child.name(), help: child.description() })),
    options: command.createHelp().visibleOptions(command),
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [here, ...commands.flatMap((child) => collect(child, `${path} ${child.name()}`.trim()))];
}

export function isHidden(command: Command): boolean {
  return !command.parent?.createHelp().visibleCommands(command.parent).includes(command);
}

function wordsOf(place: Place): string[] {
  const flags = place.options.flatMap((option) => [option.long, option.short].filter((flag) => flag !== undefined));
  return [...place.commands.map((command) => command.name), ...place.choices, ...flags];
}

/** Option flags with fixed values, the same everywhere: `-o|--output` → `table wide …`. */
function valuedFlags(places: readonly Place[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const option of places.flatMap((place) => place.options)) {
    if (option.argChoices === undefined) continue;
    found.set([option.short, option.long].filter((flag) => flag !== undefined).join('|'), option.argChoices);
  }
  return found;
}

function pathPatterns(places: readonly Place[]): string {
  return places
    .filter((place) => place.path !== '')
    .map((place) => `" ${place.path}"`)
    .join('|');
}

function bashScript(places: readonly Place[]): string {
  const values = [...valuedFlags(places)].map(
    ([flags, words]) => `    ${flags}) COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current")); return ;;`,
  );
  const words = places.map(
    (place) => `    "${place.path && ` ${place.path}`}") words="${wordsOf(place).join(' ')}" ;;`,
  );
  return `# bash completion for tidewheel
_tidewheel() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in ${pathPatterns(places)}) path="$path $word" ;; esac
  done
  case "$previous" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _tidewheel tidewheel
`;
}

function zshScript(places: readonly Place[]): string {
  const values = [...valuedFlags(places)].map(
    ([flags, words]) => `    ${flags}) compadd -- ${words.join(' ')}; return ;;`,
  );
  const words = places.map(
    (place) => `    "${place.path && ` ${place.path}`}") compadd -- ${wordsOf(place).join(' ')} ;;`,
  );
  return `#compdef tidewheel
_tidewheel() {
  local path="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path $word" in ${pathPatterns(places)}) path="$path $word" ;; esac
  done
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  _files
}
compdef _tidewheel tidewheel
`;
}

function fishScript(places: readonly Place[]): string {
  const lines = ['# fish completion for tidewheel', 'complete -c tidewheel -f'];
  const text = (value: string) => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  for (const place of places) {
    const parts = place.path === '' ? [] : place.path.split(' ');
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const notYet =
      place.commands.length === 0
        ? []
        : [`not __fish_seen_subcommand_from ${place.commands.map((command) => command.name).join(' ')}`];
    const when = (conditions: string[]) => (conditions.length === 0 ? '' : ` -n ${text(conditions.join('; and '))}`);
    for (const command of place.commands) {
      lines.push(`complete -c tidewheel${when([...seen, ...notYet])} -a ${command.name} -d ${text(command.help)}`);
    }
    for (const choice of place.choices) lines.push(`complete -c tidewheel${when(seen)} -a ${choice}`);
    if (place.path === '') continue;
    for (const option of place.options) {
      const flags = `${option.short ? ` -s ${option.short.slice(1)}` : ''}${option.long ? ` -l ${option.long.slice(2)}` : ''}`;
      const values = option.argChoices
        ? ` -x -a ${text(option.argChoices.join(' '))}`
        : option.required
          ? ' -r -F'
          : '';
      lines.push(`complete -c tidewheel${when(seen)}${flags}${values} -d ${text(option.description)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
