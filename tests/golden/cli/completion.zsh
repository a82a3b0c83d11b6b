#compdef belayctl
# zsh completion of belayctl; load it with: source <(belayctl completion zsh)
_belayctl() {
  local at='' word
  local -a choices
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$at/$word" in
      '/plan'|'/report'|'plan/lint'|'plan/sign') at="${at:+$at }$word" ;;
    esac
  done
  case "$at" in
    '') choices=(plan report --help) ;;
    'plan') choices=(lint sign --help) ;;
    'plan lint') choices=(--help) ;;
    'plan sign') choices=(--help --key) ;;
    'report') choices=(--help) ;;
  esac
  compadd -- $choices
  _files
}
compdef _belayctl belayctl
