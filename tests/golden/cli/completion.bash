# bash completion of belayctl; load it with: source <(belayctl completion bash)
_belayctl() {
  local at='' word words=''
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at/$word" in
      '/plan'|'/report'|'plan/lint'|'plan/sign') at="${at:+$at }$word" ;;
    esac
  done
  case "$at" in
    '') words='plan report --help' ;;
    'plan') words='lint sign --help' ;;
    'plan lint') words='--help' ;;
    'plan sign') words='--help --key' ;;
    'report') words='--help' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _belayctl belayctl
