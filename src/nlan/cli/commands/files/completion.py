"""`nlan completion`: scripts for bash, zsh and fish, which ask `nlan` itself what may stand where."""

from __future__ import annotations

from argparse import Namespace

BASH = """\
# bash completion for nlan:  source <(nlan completion bash)
_nlan() {
    local IFS=$'\\n' current=${COMP_WORDS[COMP_CWORD]} found
    found=$("${COMP_WORDS[0]/#\\~/$HOME}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1)
    if [ "$found" = @files ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$current"))
    else
        COMPREPLY=($found)
    fi
}
complete -o nosort -F _nlan nlan ./nlan"""
ZSH = """\
#compdef nlan
# zsh completion for nlan:  source <(nlan completion zsh)
_nlan() {
    local -a found
    found=("${(@f)$(${~words[1]} __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null | cut -f1)}")
    if [[ $found[1] == @files ]]; then
        _files
    elif [[ -n $found[1] ]]; then
        compadd -V nlan -a found
    fi
}
compdef _nlan nlan ./nlan"""
FISH = """\
# fish completion for nlan:  nlan completion fish | source
function __nlan_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l found ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$found" = "@files"\\t
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $found
    end
end
complete -c nlan -f -k -a '(__nlan_complete)'"""


def run(arguments: Namespace) -> int:
    """Print the script for the shell that is asked for."""
    print({"bash": BASH, "zsh": ZSH, "fish": FISH}[arguments.shell])
    return 0
