# fish completion of belayctl; load it with: belayctl completion fish | source
function __belayctl_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at/$word"
      case '/plan'
        set at 'plan'
      case '/report'
        set at 'report'
      case 'plan/lint'
        set at 'plan lint'
      case 'plan/sign'
        set at 'plan sign'
    end
  end
  test "$at" = "$argv[1]"
end
complete -c belayctl -n "__belayctl_at ''" -a 'plan report --help'
complete -c belayctl -n "__belayctl_at 'plan'" -a 'lint sign --help'
complete -c belayctl -n "__belayctl_at 'plan lint'" -a '--help'
complete -c belayctl -n "__belayctl_at 'plan sign'" -a '--help --key'
complete -c belayctl -n "__belayctl_at 'report'" -a '--help'
