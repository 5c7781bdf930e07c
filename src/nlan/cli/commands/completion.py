"""`nlan completion`: scripts for bash, zsh and fish, made from the table of verbs."""

from __future__ import annotations

from argparse import Namespace

from nlan.cli.words import VERBS, Verb

FILE_VERBS = frozenset(verb.name for verb in VERBS if any(o.names == ("file",) for o in verb.options))
NODE_VERBS = frozenset({"exec", "shell", "ping"})
LAB_VERBS = frozenset(verb.name for verb in VERBS if any(o.names == ("lab",) for o in verb.options))


def run(arguments: Namespace) -> int:
    """Print the script for the shell that is asked for."""
    print({"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell]())
    return 0


def _flags(verb: Verb) -> list[str]:
    return [name for option in verb.options for name in option.names if name.startswith("--")]


def _bash() -> str:
    cases = "\n".join(f'        {v.name}) flags="{" ".join(_flags(v))}" ;;' for v in VERBS)
    return f"""# bash completion for nlan:  source <(nlan completion bash)
_nlan() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
    local verb=${{COMP_WORDS[1]}} flags=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{" ".join(v.name for v in VERBS)}" -- "$current")); return
    fi
    case $verb in
{cases}
    esac
    case $previous in -l|--lab) COMPREPLY=($(compgen -W "$(_nlan_labs)" -- "$current")); return ;; esac
    case $current in -*) COMPREPLY=($(compgen -W "$flags -v" -- "$current")); return ;; esac
    case $verb in
        {"|".join(sorted(FILE_VERBS))}) COMPREPLY=($(compgen -f -- "$current")) ;;
        {"|".join(sorted(NODE_VERBS))}) COMPREPLY=($(compgen -W "$(_nlan_nodes)" -- "$current")) ;;
        {"|".join(sorted(LAB_VERBS))}) COMPREPLY=($(compgen -W "$(_nlan_labs)" -- "$current")) ;;
        completion) COMPREPLY=($(compgen -W "bash zsh fish" -- "$current")) ;;
        generate) COMPREPLY=($(compgen -W "ring line star mesh clos wan" -- "$current")) ;;
    esac
}}
_nlan_labs() {{ ls -1 "${{NLAN_RUN_DIR:-/run/nlan}}" 2>/dev/null | grep -v '^made-'; }}
_nlan_nodes() {{
    local lab
    for lab in $(_nlan_labs); do
        ls -1 "${{NLAN_NETNS_DIR:-/run/netns}}" 2>/dev/null |
            sed -n "s|^$lab\\.\\([^.]*\\)$|\\1|p;s|^$lab\\.\\([^.]*\\)\\.|\\1/|p"
    done
}}
complete -o filenames -F _nlan nlan ./nlan"""


def _zsh() -> str:
    return f"""#compdef nlan
# zsh completion for nlan:  source <(nlan completion zsh)
autoload -U +X bashcompinit && bashcompinit
{_bash()}"""


def _fish() -> str:
    lines = ["# fish completion for nlan:  nlan completion fish | source", "complete -c nlan -f"]
    for verb in VERBS:
        lines.append(f"complete -c nlan -n __fish_use_subcommand -a {verb.name} -d {_quoted(verb.summary)}")
        lines += [
            f"complete -c nlan -n '__fish_seen_subcommand_from {verb.name}' -l {flag[2:]}"
            for flag in _flags(verb)
        ]
        if verb.name in FILE_VERBS:
            lines.append(f"complete -c nlan -n '__fish_seen_subcommand_from {verb.name}' -F")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "\\'") + "'"
