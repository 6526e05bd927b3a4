# bash completion of eqspice: `source tools/completion.bash`. The words come from the program's own help.

# COMMAND OPTION: the words that the option takes, where it takes some and no others.
_eqspice_words() {
    if [ "$1 $2" = "plot --kind" ]; then
        eqspice plot . --kind '?' 2>&1 | sed -n 's/.*; use //p'
    else
        eqspice "$1" --help 2>/dev/null |
            sed -nE "s/^ +(-[a-z], )?$2 [^ ]+ +([^:]*: )?(([a-z]+, )*[a-z]+ or [a-z]+)( .*)?\$/\3/p"
    fi | sed 's/,//g; s/ or / /'
}

_eqspice() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} words=
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=$(eqspice --help | awk '/^  [a-z]/ {print $1}')
    elif [[ $word == -* ]]; then
        words=$(eqspice "$command" --help 2>/dev/null | sed -nE 's/^ +(-[a-z], )?(--[a-z-]+).*/\2/p')
    elif [[ $before =~ ^--[a-z-]+$ ]]; then
        words=$(_eqspice_words "$command" "$before")
    fi
    if [ -n "$words" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _eqspice eqspice
